// What goes wrong around a render: nothing is lost, nothing half-written stays, the exit code is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class Fault : public ::testing::Test {
 protected:
  void SetUp() override {
    make_portrait_clip(scratch, "v.mkv", 1);
    make_speech(scratch, "s.wav");
  }
  // In the scratch folder; $R is the binary, $JOB the arguments of a render but for its output.
  RunResult shell(const std::string& line) const {
    return run({"bash", "-c", "cd \"$0\" && " + line, scratch.path().string()},
               {"XDG_CACHE_HOME=" + scratch.file("cache"), "R=" RESYNCER_BINARY_DIR "/bin/resyncer",
                "JOB=render v.mkv -a s.wav -q --deterministic --renderer warp --video-codec ffv1"});
  }
  std::string contents(const std::string& name) const {
    std::ifstream stream(scratch / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // Without the cache's folder, which may or may not be there.
  std::vector<std::string> names() const {
    std::vector<std::string> list = scratch.names();
    list.erase(std::remove(list.begin(), list.end(), "cache"), list.end());
    return list;
  }
  // A limit of the shell's, as on a full disk.
  void expect_refused(const std::string& line, int status, const std::string& sentence) {
    const std::vector<std::string> before = names();
    const RunResult result = shell(line);
    EXPECT_EQ(result.status, status) << line << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr(sentence)) << line;
    EXPECT_EQ(names(), before) << line;
  }

  ScratchFolder scratch;
};

// The limit on the size of files gives the errors of a full disk, at the same places.
TEST_F(Fault, AFullDiskIsExitCode6) {
  for (const char* kib : {"1", "64", "400"})
    expect_refused("ulimit -f " + std::string(kib) + "; $R $JOB -o out.mkv", 6, "out.mkv");
  expect_refused("ulimit -f 64; $R $JOB -o out.mov --mask-out mask.mkv", 6, "ulimit -f");
  expect_refused(
      "mkdir -p tmp; (ulimit -f 16; cat v.mkv | TMPDIR=$PWD/tmp $R render - -a s.wav -o o.mkv -q); "
      "c=$?; rm -r tmp; exit $c",
      6, "no room for the copy of standard input");
  expect_refused("$R $JOB --format matroska -o /dev/full", 6, "/dev/full: cannot be written: no space left");
  expect_refused("$R $JOB -o - > /dev/full", 6, "standard output: cannot be written: no space left");
}

TEST_F(Fault, AResultIsKeptWhenWhatIsSaidOfItCannotBeWritten) {
  RunResult result = shell("$R $JOB -o out.mkv --stats /dev/full");
  EXPECT_EQ(result.status, 6) << result.err;
  EXPECT_THAT(result.err, HasSubstr("/dev/full"));
  EXPECT_EQ(decode_errors(scratch.file("out.mkv")), "");
  result = shell("$R $JOB -o other.mkv --progress /dev/full");
  EXPECT_EQ(result.status, 0) << "progress is talk: " << result.err;
  EXPECT_TRUE(contents("out.mkv") == contents("other.mkv"));
}

TEST_F(Fault, FoldersThatTakeNoFilesAreExitCode6) {
  expect_refused("$R $JOB -o /sys/out.mkv", 6, "/sys: the folder is not writable");
  expect_refused("$R $JOB -o v.mkv/out.mkv", 6, "does not exist");
}

TEST_F(Fault, AFileThatMayNotBeReadIsExitCode3) {
  std::filesystem::permissions(scratch / "s.wav", std::filesystem::perms::none);
  std::string as_nobody;
  if (::geteuid() == 0) {
    std::filesystem::permissions(scratch.path(), std::filesystem::perms::all);
    as_nobody = "setpriv --reuid=65534 --clear-groups ";
    if (shell(as_nobody + "$R --version").status != 0) GTEST_SKIP() << "no other user can run the binary";
  }
  expect_refused("HOME=/nonexistent " + as_nobody + "$R $JOB -o out.mkv", 3, "s.wav: no permission to read");
}

TEST_F(Fault, AnInputThatVanishesIsExitCode3) {
  for (const char* name : {"v.mkv", "s.wav"}) {
    const std::string file = name;
    const RunResult result = shell("cp " + file +
                                   " kept; $R $JOB -o out.mkv --no-cache --progress p & job=$!; "
                                   "until [ -s p ]; do sleep 0.01; done; rm " +
                                   file +
                                   "; wait $job; c=$?; "
                                   "mv kept " +
                                   file + "; rm p; exit $c");
    EXPECT_EQ(result.status, 3) << file << ": " << result.err;
    EXPECT_THAT(result.err, AnyOf(HasSubstr(file + ": was removed while it was read"),
                                  HasSubstr(file + ": the file does not exist")));
    EXPECT_THAT(names(), ::testing::ElementsAre("s.wav", "v.mkv"));
  }
}

TEST_F(Fault, SignalsLeaveNothingWhenTheyCome) {
  ASSERT_EQ(shell("$R $JOB -o whole.mkv").status, 0);
  const std::vector<std::string> before = names();
  // While it reads, when it begins to paint, and among its frames: long before its end (the network is slow),
  // after which a whole result would be there.
  for (const char* signal : {"TERM", "INT"})
    for (const char* moment :
         {"[ -e p ]", "grep -q stage=render p", "grep -A1 stage=render p | grep -q '^frame=[1-9]'"}) {
      const RunResult result = shell(
          std::string("set -m; $R ${JOB/--renderer warp/} -o out.mkv --mask-out m.mkv --progress p & job=$!; "
                      "until (") +
          moment + ") 2>/dev/null || ! kill -0 $job 2>/dev/null; do sleep 0.005; done; kill -" + signal +
          " $job; wait $job; status=$?; rm -f p; exit $status");
      EXPECT_EQ(result.status, std::string(signal) == "TERM" ? 143 : 130) << moment << ": " << result.err;
      EXPECT_EQ(names(), before) << signal << ' ' << moment;
    }
}

TEST_F(Fault, WhatAKilledRenderLeftGoesWithTheNext) {
  ASSERT_EQ(shell("$R $JOB -o out.mkv").status, 0);
  const std::string whole = contents("out.mkv");
  const std::vector<std::string> expected = names();
  bool left = false;
  for (const char* frames : {"1", "8", "20"}) {  // killed when so many are written
    const RunResult result = shell(
        std::string("set -m; $R $JOB -y -o out.mkv --mask-out m.mkv --progress p & job=$!; "
                    "until grep -q stage=render p 2>/dev/null && "
                    "[ $(sed -n 's/^frame=//p' p | tail -1) -ge ") +
        frames + " ] || ! kill -0 $job 2>/dev/null; do sleep 0.005; done; kill -KILL $job; wait $job; rm p");
    for (const std::string& name : names()) left = left || name.find(".partial-") != std::string::npos;
    EXPECT_TRUE(contents("out.mkv") == whole) << "the result of before";
  }
  EXPECT_TRUE(left) << "no render was killed on the way";
  ASSERT_EQ(shell("$R $JOB -y -o out.mkv --mask-out m.mkv && rm m.mkv").status, 0);
  EXPECT_EQ(names(), expected);
  EXPECT_TRUE(contents("out.mkv") == whole);
}

// Address space instead of memory: the same failed allocations, anywhere.
TEST_F(Fault, TooLittleMemoryIsExitCode7) {
  bool failed = false, passed = false;
  for (int mib = 400; mib <= 4000 && !passed; mib += mib / 4) {
    const std::string limit = "ulimit -v " + std::to_string(mib * 1024) + "; ";
    if (shell(limit + "$R --version").status != 0) continue;  // the system cannot even load it
    const std::vector<std::string> before = names();
    const RunResult result = shell(limit + "timeout 100 $R $JOB -y -o out.mkv --threads 1");
    EXPECT_THAT(result.status, AnyOf(7, 0)) << mib << " MiB: " << result.err;
    passed = result.status == 0;
    failed = failed || result.status == 7;
    if (passed) continue;
    EXPECT_THAT(result.err, HasSubstr("error (memory)")) << mib;
    EXPECT_EQ(names(), before) << mib;
  }
  EXPECT_TRUE(failed);
  EXPECT_TRUE(passed);
}

TEST_F(Fault, ADamagedOrForeignCacheIsMadeAnew) {
  ASSERT_EQ(shell("$R $JOB -o whole.mkv").status, 0);
  const std::string whole = contents("whole.mkv");
  std::string name;
  for (const auto& entry : std::filesystem::directory_iterator(scratch / "cache/resyncer"))
    if (entry.path().filename().string()[0] != '.')
      name = "cache/resyncer/" + entry.path().filename().string();
  const std::string good = contents(name);
  ASSERT_GT(good.size(), 1000U);
  std::string other_version = good, flipped = good;
  const std::size_t at = other_version.find("\"version\":\"");
  ASSERT_NE(at, std::string::npos);
  other_version[at + 11] = '1';
  flipped[8] = '\0';
  for (const std::string& spoilt :
       {std::string(), good.substr(0, good.size() / 2), std::string(5000, 'x'), other_version, flipped}) {
    std::ofstream(scratch / name, std::ios::binary) << spoilt;
    const RunResult result = shell("$R $JOB -y -o out.mkv");
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(contents("out.mkv") == whole);
    EXPECT_TRUE(contents(name) == good) << "and is kept for the next time";
  }
}

}  // namespace
}  // namespace resyncer::testing
