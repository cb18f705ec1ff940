#include "resyncer/batch/shards.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "resyncer/core/error.h"

namespace resyncer::batch {
namespace {

std::vector<double> loads_of(const std::vector<ShardItem>& items, const std::vector<int>& shards, int count) {
  std::vector<double> loads(std::size_t(count), 0.0);
  for (std::size_t i = 0; i < items.size(); ++i) loads[std::size_t(shards[i])] += items[i].cost;
  return loads;
}

TEST(Shards, EachJobOnceAndBalanced) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const int count = 1 + int(random() % 8);
    std::vector<ShardItem> items(random() % 60);
    double total = 0, largest = 0;
    for (ShardItem& item : items) {
      item = {1 + double(random() % 1000) / 10, std::to_string(random() % 12)};
      total += item.cost;
      largest = std::max(largest, item.cost);
    }
    const std::vector<int> shards = share_out(items, count);
    ASSERT_EQ(shards.size(), items.size());  // one shard each: the union is all of them, none twice
    for (int shard : shards) ASSERT_TRUE(shard >= 0 && shard < count);
    const auto loads = loads_of(items, shards, count);
    EXPECT_LE(*std::max_element(loads.begin(), loads.end()), 1.1 * (total / count + largest) + 1e-6);
    EXPECT_EQ(share_out(items, count), shards);
  }
}

TEST(Shards, JobsOfOneVideoStayTogetherWhenThatIsFair) {
  std::vector<ShardItem> items;
  for (int video = 0; video < 8; ++video)
    for (int language = 0; language < 5; ++language) items.push_back({10, std::to_string(video)});
  const std::vector<int> shards = share_out(items, 4);
  for (int video = 0; video < 8; ++video) {
    const auto first = shards.begin() + video * 5;
    EXPECT_EQ(std::set<int>(first, first + 5).size(), 1U) << video;
  }
  const auto loads = loads_of(items, shards, 4);
  EXPECT_EQ(*std::min_element(loads.begin(), loads.end()), 100);
}

TEST(Shards, OneVideoForAllIsDivided) {
  const std::vector<ShardItem> items(8, {10, "the only one"});
  const auto loads = loads_of(items, share_out(items, 4), 4);
  EXPECT_EQ(loads, std::vector<double>(4, 20));
}

TEST(Shards, WhatCannotBeReadIsSharedOutToo) {
  const std::vector<ShardItem> items(10, {0, ""});
  const std::vector<int> shards = share_out(items, 5);
  for (int shard = 0; shard < 5; ++shard) EXPECT_EQ(std::count(shards.begin(), shards.end(), shard), 2);
}

TEST(Shards, AreNamedFromOne) {
  EXPECT_EQ(parse_shard("2/4").index, 2);
  EXPECT_EQ(parse_shard("2/4").count, 4);
  for (const char* wrong : {"", "1", "0/4", "5/4", "1/", "/4", "1/4x", "-1/4", "1/0", "1/999999", "a/b"})
    EXPECT_THROW(parse_shard(wrong), core::Error) << wrong;
}

}  // namespace
}  // namespace resyncer::batch
