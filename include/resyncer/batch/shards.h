// A manifest shared out among machines that do not talk to each other.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace resyncer::batch {

struct Shard {
  int index = 1, count = 1;  // "2/4" is {2, 4}
};
// "I/N" with 1 <= I <= N <= 100000. Throws Error{usage}.
Shard parse_shard(const std::string& text);

// What the share is judged by.
struct ShardItem {
  double cost = 0;  // s of video
  std::string
      group;  // items of one group share work (the analysis of one video) and stay together when they can
};

// Which shard (from 0) gets each item: longest first to whoever has least, ties by the order of the items;
// the same on every machine. Groups stay together as far as the largest load is then at most 1.1 times what
// it would be if every item went its own way.
std::vector<int> share_out(const std::vector<ShardItem>& items, int shards);

}  // namespace resyncer::batch
