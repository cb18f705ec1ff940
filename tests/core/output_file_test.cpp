#include "resyncer/core/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::core {
namespace {

TEST(OutputFile, AppearsWholeUnderItsNameHoweverLong) {
  support::ScratchFolder folder;
  for (std::size_t length : {1U, 150U, 220U, 250U}) {
    const std::string name = std::string(length, 'n') + ".json";
    write_text(folder / name, "text");
    EXPECT_TRUE(std::filesystem::exists(folder / name)) << length;
  }
  EXPECT_EQ(folder.names().size(), 4U) << "no temporary file is left";
}

TEST(OutputFile, AnUnfinishedOneLeavesNothing) {
  support::ScratchFolder folder;
  write_text(folder / "kept.txt", "old");
  {
    OutputFile file(folder / "kept.txt");
    std::ofstream(file.temporary()) << "half";
    EXPECT_EQ(file.temporary().extension(), ".txt");
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"kept.txt"});
}

// What a killed process leaves: locks go with it, files do not.
std::string left_by_a_killed_writer(const std::filesystem::path& target) {
  int ends[2] = {};
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const OutputFile file(target);
    const std::string name = file.temporary().filename().string();
    if (::write(ends[1], name.data(), name.size()) < 0) _exit(1);
    ::kill(::getpid(), SIGKILL);
  }
  ::close(ends[1]);
  char name[300] = {};
  EXPECT_GT(::read(ends[0], name, sizeof name - 1), 0);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return name;
}

TEST(OutputFile, WhatAKilledWriterLeftIsRemovedAndNothingElse) {
  support::ScratchFolder folder;
  const std::string left = left_by_a_killed_writer(folder / "talk.mp4");
  const std::string others = left_by_a_killed_writer(folder / "talk.mkv");
  ASSERT_TRUE(std::filesystem::exists(folder / left));
  std::vector<std::string> kept = {".talk.partial-.mp4", ".talk.partial-1-x.mp4", ".talky.partial-1-1.mp4",
                                   "talk.mp4", others};
  for (const std::string& name : kept) std::ofstream(folder / name) << "mine";
  {
    OutputFile alive(folder / "talk.mp4");
    remove_abandoned(folder / "talk.mp4");
    EXPECT_TRUE(std::filesystem::exists(alive.temporary())) << "it has a writer";
    std::ofstream(alive.temporary()) << "whole";
    remove_abandoned(folder / "talk.mp4");
    alive.commit();
  }
  std::sort(kept.begin(), kept.end());
  EXPECT_EQ(folder.names(), kept);
  std::string text;
  std::ifstream(folder / "talk.mp4") >> text;
  EXPECT_EQ(text, "whole");
}

TEST(OutputFile, PipesAndDevicesAreWrittenInPlace) {
  support::ScratchFolder folder;
  const std::string pipe = folder.file("pipe.mkv");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, std::string("/dev/null"), std::string("/dev/stdout"),
                                  std::string("/dev/fd/1"), std::string("/proc/self/fd/1")})
    EXPECT_TRUE(written_in_place(path)) << path;
  std::ofstream(folder / "file") << "x";
  std::filesystem::create_symlink(folder / "file", folder / "link");
  for (const char* name : {"file", "link", "missing"}) EXPECT_FALSE(written_in_place(folder / name)) << name;
  {
    OutputFile file(pipe);
    EXPECT_EQ(file.temporary(), pipe);
  }
  EXPECT_TRUE(std::filesystem::is_fifo(pipe)) << "not removed, not renamed over";
  try {
    write_text("/dev/full", "text");
    FAIL() << "nothing was written";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::output);
  }
}

}  // namespace
}  // namespace resyncer::core
