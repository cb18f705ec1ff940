#include "resyncer/batch/shards.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "resyncer/core/error.h"

namespace resyncer::batch {

namespace {

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
  std::vector<Bundle> bundles = bundles_of(items, total / shards);
  std::sort(bundles.begin(), bundles.end(), [](const Bundle& a, const Bundle& b) {
    return a.cost != b.cost ? a.cost > b.cost : a.items.front() < b.items.front();
  });
  std::vector<double> load(std::size_t(shards), 0.0);
  std::vector<int> shard_of(items.size(), 0);
  for (const Bundle& bundle : bundles) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += bundle.cost;
    for (std::size_t i : bundle.items) shard_of[i] = int(least - load.begin());
  }
  return shard_of;
}

}  // namespace resyncer::batch
