#include "cli/outputs.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::cli {
namespace {

namespace fs = std::filesystem;

template <typename Check>
std::optional<core::ErrorKind> refusal(const Check& check) {
  try {
    check();
    return std::nullopt;
  } catch (const core::Error& error) {
    return error.kind();
  }
}

class Outputs : public testing::Test {
 protected:
  Outputs() { std::ofstream(video) << "precious"; }
  support::ScratchFolder folder;
  fs::path video = folder / "v.mp4", other = folder / "other.mp4";
};

TEST_F(Outputs, AnInputIsKnownUnderAnyName) {
  fs::create_hard_link(video, folder / "link.mp4");
  for (const fs::path& name : {video, folder / "." / "v.mp4", folder / "link.mp4"})
    EXPECT_EQ(refusal([&] { spare_inputs({"", name}, {"", video}); }), core::ErrorKind::usage) << name;
  EXPECT_EQ(refusal([&] { spare_inputs({other, ""}, {video, ""}); }), std::nullopt);
}

TEST_F(Outputs, WhatIsThereIsOverwrittenOnlyWhenAsked) {
  EXPECT_EQ(refusal([&] { check_overwrite(video, Overwrite::never); }), core::ErrorKind::output);
  EXPECT_EQ(refusal([&] { check_overwrite(video, Overwrite::always); }), std::nullopt);
  EXPECT_EQ(refusal([&] { check_overwrite(other, Overwrite::never); }), std::nullopt);
}

TEST_F(Outputs, ANameThatNoFileCanHaveIsRefusedBeforeAnyWork) {
  EXPECT_EQ(refusal([&] { check_overwrite(folder / std::string(256, 'n'), Overwrite::always); }),
            core::ErrorKind::output);
  EXPECT_EQ(refusal([&] { check_overwrite(folder / std::string(255, 'n'), Overwrite::never); }),
            std::nullopt);
}

}  // namespace
}  // namespace resyncer::cli
