#include "resyncer/core/error.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "resyncer/core/output_file.h"
#include "support/scratch_folder.h"

namespace resyncer::core {
namespace {

TEST(ExitCodes, AreFrozen) {
  const std::vector<ErrorKind> kinds{ErrorKind::internal, ErrorKind::usage, ErrorKind::input,
                                     ErrorKind::model,    ErrorKind::face,  ErrorKind::output,
                                     ErrorKind::memory,   ErrorKind::limit, ErrorKind::batch};
  for (std::size_t i = 0; i < kinds.size(); ++i) EXPECT_EQ(exit_code(kinds[i]), int(i) + 1);
  EXPECT_STREQ(name(ErrorKind::limit), "limit");
}

TEST(WriteText, IsWholeOrNotAtAll) {
  support::ScratchFolder scratch;
  write_text(scratch / "a.txt", "first");
  write_text(scratch / "a.txt", "second");
  std::ifstream stream(scratch / "a.txt");
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(stream), {}}), "second\n");
  EXPECT_THROW(write_text(scratch / "no/such/folder.txt", ""), Error);
  EXPECT_EQ(scratch.names(), std::vector<std::string>{"a.txt"});
}

}  // namespace
}  // namespace resyncer::core
