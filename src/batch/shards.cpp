#include "resyncer/batch/shards.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "resyncer/core/error.h"

namespace resyncer::batch {

namespace {

constexpr double kTolerance = 1.1;  // of the largest load, for the sake of whole groups
constexpr double kLeastCost = 0.1;  // s: what cannot be read costs little, but it is shared out too

struct Bundle {
  double cost = 0;
  std::vector<std::size_t> items;
};

double cost_of(const ShardItem& item) {
  return std::isfinite(item.cost) ? std::clamp(item.cost, kLeastCost, 1e9) : kLeastCost;
}

// Groups, those that are too large cut into pieces of at most `share` or one item.
std::vector<Bundle> bundles_of(const std::vector<ShardItem>& items, double share) {
  std::map<std::string, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < items.size(); ++i) groups[items[i].group].push_back(i);
  std::vector<Bundle> bundles;
  for (const auto& [name, members] : groups) {
    bundles.emplace_back();
    for (std::size_t i : members) {
      const double cost = cost_of(items[i]);
      if (!bundles.back().items.empty() && bundles.back().cost + cost > share) bundles.emplace_back();
      bundles.back().cost += cost;
      bundles.back().items.push_back(i);
    }
  }
  return bundles;
}

struct Division {
  std::vector<int> shard_of;
  double largest = 0;  // load of a shard
};

Division divide(const std::vector<ShardItem>& items, int shards, double most) {
  std::vector<Bundle> bundles = bundles_of(items, most);
  std::sort(bundles.begin(), bundles.end(), [](const Bundle& a, const Bundle& b) {
    return a.cost != b.cost ? a.cost > b.cost : a.items.front() < b.items.front();
  });
  // Least load first, ties by number.
  std::set<std::pair<double, int>> loads;
  for (int shard = 0; shard < shards; ++shard) loads.insert({0.0, shard});
  Division division{std::vector<int>(items.size()), 0};
  for (const Bundle& bundle : bundles) {
    auto [load, shard] = *loads.begin();
    loads.erase(loads.begin());
    loads.insert({load + bundle.cost, shard});
    for (std::size_t i : bundle.items) division.shard_of[i] = shard;
  }
  division.largest = loads.rbegin()->first;
  return division;
}

}  // namespace

Shard parse_shard(const std::string& text) {
  Shard shard;
  const char* end = text.data() + text.size();
  const auto [slash, bad_index] = std::from_chars(text.data(), end, shard.index);
  bool sound = bad_index == std::errc() && slash != end && *slash == '/';
  if (sound) {
    const auto [last, bad_count] = std::from_chars(slash + 1, end, shard.count);
    sound = bad_count == std::errc() && last == end;
  }
  if (!sound || shard.index < 1 || shard.index > shard.count || shard.count > 100'000)
    throw core::Error(core::ErrorKind::usage, "'" + text + "' is no shard", "--shard",
                      "write I/N, as 1/4 for the first of four");
  return shard;
}

std::vector<int> share_out(const std::vector<ShardItem>& items, int shards) {
  double total = 0;
  for (const ShardItem& item : items) total += cost_of(item);
  const Division loose = divide(items, shards, 0);  // every item by itself: the best balance
  for (double most = total / shards; most > kLeastCost; most /= 2) {
    Division together = divide(items, shards, most);
    if (together.largest <= kTolerance * loose.largest) return std::move(together.shard_of);
  }
  return loose.shard_of;
}

}  // namespace resyncer::batch
