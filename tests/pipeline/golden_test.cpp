#include "resyncer/pipeline/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "pipeline/golden_files.h"
#include "pipeline/machine_kind.h"
#include "pipeline/picture_file.h"
#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

core::ImageU8 plain(std::uint8_t value) {
  core::ImageU8 image(16, 16, 3);
  std::fill(image.data.begin(), image.data.end(), value);
  return image;
}

GoldenRecord record_of(std::uint8_t grey) {
  GoldenRecord record;
  record.machine = {{"cpu", "A"}};
  record.inputs = {{"video", "1"}, {"speech", "2"}};
  record.options = "--renderer=warp";
  record.version = "1";
  record.format = "16x16 yuv420p";
  record.figures = {{"psnr", 40}, {"seam_ratio", 1.01}};
  record.frames = {{"a1", "b1", "c1"}, {"a2", "b2", "c2"}, {"a3", "b3", "c3"}};
  record.mouths = {{0, {0.1, -0.2}}, {2, {0.3, 0.4}}};
  record.pictures = {{1, 0.04, {4, 4, 12, 12}, to_jpeg(plain(grey), 90)}};
  return record;
}

TEST(Golden, ARecordIsReadAsItWasWritten) {
  support::ScratchFolder scratch;
  const GoldenRecord record = record_of(100);
  std::filesystem::create_directory(scratch / "case");
  std::ofstream(scratch / "case/frame-7.jpg") << "of an older record";
  save_golden(record, scratch / "case");
  const GoldenRecord read = load_golden(scratch / "case");
  EXPECT_TRUE(read.frames == record.frames);
  EXPECT_EQ(read.mouths, record.mouths);
  EXPECT_EQ(read.figures, record.figures);
  EXPECT_EQ(read.machine, record.machine);
  EXPECT_EQ(read.pictures.at(0).jpeg, record.pictures[0].jpeg);
  EXPECT_EQ(read.pictures[0].view.right, 12);
  EXPECT_FALSE(std::filesystem::exists(scratch / "case/frame-7.jpg"));
  EXPECT_THAT(compare_golden(read, record, GoldenRigour::exact).faults, IsEmpty());
}

TEST(Golden, OnOneKindOfMachineEverySampleCounts) {
  const GoldenRecord before = record_of(100);
  GoldenRecord after = before;
  after.frames[2].whole = "other";
  const GoldenDifference difference = compare_golden(before, after, GoldenRigour::by_machine);
  EXPECT_TRUE(difference.exact);
  EXPECT_THAT(difference.frames, ElementsAre(2));
  EXPECT_THAT(difference.faults, ElementsAre("samples differ in 1 of 3 frames (2)"));
}

TEST(Golden, OnAnotherMachineLimitsHold) {
  const GoldenRecord before = record_of(100);
  GoldenRecord after = record_of(102);
  after.machine["cpu"] = "B";
  for (GoldenFrame& frame : after.frames) frame.whole = "other";
  after.figures["psnr"] = 41.9;
  EXPECT_THAT(compare_golden(before, after, GoldenRigour::by_machine).faults, IsEmpty());
  EXPECT_THAT(compare_golden(before, after, GoldenRigour::exact).faults, ::testing::SizeIs(2));
  after.figures["psnr"] = 42.1;
  EXPECT_THAT(compare_golden(before, after, GoldenRigour::by_machine).faults,
              ElementsAre(HasSubstr("psnr 40 -> 42.1")));
  GoldenRecord darker = record_of(60);
  darker.machine["cpu"] = "B";
  darker.mouths[2][1] += 0.06;
  EXPECT_THAT(compare_golden(before, darker, GoldenRigour::by_machine).faults,
              ElementsAre(HasSubstr("a picture is"), HasSubstr("a mouth's coefficient differs")));
}

TEST(Golden, WhatMustBeEqualAnywhere) {
  const GoldenRecord before = record_of(100);
  GoldenRecord after = before;
  after.options = "";
  after.frames.pop_back();
  after.format = "8x8 yuv420p";
  EXPECT_THAT(compare_golden(before, after, GoldenRigour::within_limits).faults, ::testing::SizeIs(3));
}

TEST(Golden, FramesAreListedInRanges) {
  EXPECT_EQ(frame_list({}), "");
  EXPECT_EQ(frame_list({3, 4, 5, 7, 9, 10}), "3-5, 7, 9-10");
}

TEST(Golden, HugePicturesAreRefusedBeforeTheyAreDecoded) {
  std::vector<std::uint8_t> jpeg = to_jpeg(plain(9), 90);
  EXPECT_EQ(from_jpeg(jpeg, "").width, 16);
  for (std::size_t i = 0; i + 9 < jpeg.size(); ++i)
    if (jpeg[i] == 0xFF && jpeg[i + 1] == 0xC0) jpeg[i + 5] = 0xFF;
  EXPECT_THROW((void)from_jpeg(jpeg, "x"), core::Error);
  EXPECT_THROW((void)from_jpeg({}, "x"), core::Error);
}

TEST(MachineKind, IsWhatArithmeticDependsOn) {
  const std::string cpu =
      "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Xeon\n"
      "flags\t\t: fpu sse2 avx2 ibrs avx512f\n\nprocessor\t: 1\n";
  EXPECT_EQ(cpu_kind(cpu), "GenuineIntel family 6 model 85: avx2 avx512f sse2");
  EXPECT_EQ(cpu_kind("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\nFeatures\t: fp asimd\n"),
            "implementer 0x41 part 0xd0c: asimd");
  EXPECT_EQ(machine_kind().count("libraries"), 1U);
}

}  // namespace
}  // namespace resyncer::pipeline
