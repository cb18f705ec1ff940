#include "resyncer/core/output_file.h"

#include <gtest/gtest.h>

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
    std::filesystem::copy(folder / "kept.txt", file.temporary());
    EXPECT_EQ(file.temporary().extension(), ".txt");
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"kept.txt"});
}

}  // namespace
}  // namespace resyncer::core
