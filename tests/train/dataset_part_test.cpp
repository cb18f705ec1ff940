#include "train/dataset_part.h"

#include <gtest/gtest.h>

#include "resyncer/core/error.h"

namespace resyncer::train {
namespace {

TEST(DatasetPart, IsEveryNthClipOrTheOthers) {
  const DatasetPart some = dataset_part("folder/a.safetensors@1/3"), others = dataset_part("a@-1/3");
  EXPECT_EQ(some.file, "folder/a.safetensors");
  for (std::size_t clip = 0; clip < 9; ++clip) {
    EXPECT_EQ(some.has(clip), clip % 3 == 1);
    EXPECT_EQ(others.has(clip), clip % 3 != 1);
    EXPECT_TRUE(dataset_part("a@b/c").has(clip));
  }
  EXPECT_EQ(dataset_part("a@b/c").file, "a@b/c");
  for (const char* none : {"a@3/3", "a@0/0", "a@-7/2"}) EXPECT_THROW(dataset_part(none), core::Error) << none;
}

// A checkpoint may move with its data to another folder, and goes on with no other part of them.
TEST(DatasetPart, ItsLabelKnowsThePart) {
  EXPECT_EQ(dataset_label("one/two/a.safetensors@-0/20"), "a.safetensors@-0/20");
  EXPECT_EQ(dataset_label("/a.safetensors"), "a.safetensors");
}

}  // namespace
}  // namespace resyncer::train
