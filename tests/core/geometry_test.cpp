#include "resyncer/core/geometry.h"

#include <gtest/gtest.h>

namespace resyncer::core {
namespace {

TEST(Box, OverlapIsAreaOfIntersectionOverUnion) {
  EXPECT_FLOAT_EQ(overlap({0, 0, 2, 2}, {0, 0, 2, 2}), 1.F);
  EXPECT_FLOAT_EQ(overlap({0, 0, 2, 2}, {1, 0, 3, 2}), 1.F / 3);
  EXPECT_FLOAT_EQ(overlap({0, 0, 2, 2}, {2, 0, 4, 2}), 0.F);
}

TEST(Box, UnionWithEmptyIsTheOther) {
  Box box = unite({}, {1, 2, 3, 4});
  EXPECT_EQ(box.left, 1);
  EXPECT_EQ(box.bottom, 4);
}

}  // namespace
}  // namespace resyncer::core
