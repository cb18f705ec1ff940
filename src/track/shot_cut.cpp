#include "shot_cut.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "resyncer/track/face_tracker.h"

namespace resyncer::track {
namespace {

constexpr int kThumbnail = 64;
constexpr int kGrid = 8;   // blocks in each direction
constexpr int kBins = 16;  // of a block's luma histogram
constexpr int kReach = 6;  // px of the thumbnail that the whole picture may move between two frames
constexpr float kBlankContrast = 6.F;
constexpr float kBlockChanged = 0.05F;
constexpr float kCutDifference = 0.25F, kCutShare = 0.4F;

struct Tone {
  float mean = 0, deviation = 0;
};

Tone tone(const core::ImageU8& image) {
  double sum = 0, square = 0;
  for (auto v : image.data) {
    sum += v;
    square += double(v) * v;
  }
  double n = double(std::max<std::size_t>(image.data.size(), 1));
  double mean = sum / n;
  return {float(mean), float(std::sqrt(std::max(square / n - mean * mean, 0.0)))};
}

// The part of two thumbnails that can be compared, as one signal each: brightness and contrast taken out, so
// that flashes and fades leave it as it is; NaN where a flash has burnt out what was there.
struct Pair {
  int width = 0, height = 0;
  std::vector<float> before, now;
};

Pair comparable(const core::ImageU8& before, const core::ImageU8& now, int dx, int dy) {
  constexpr std::uint8_t kBurnt = 251, kDark = 40;
  Pair pair;
  pair.width = before.width - std::abs(dx);
  pair.height = before.height - std::abs(dy);
  double sums[4] = {}, count = 1e-6;
  for (int y = 0; y < pair.height; ++y)
    for (int x = 0; x < pair.width; ++x) {
      auto a = before.at(x + std::max(dx, 0), y + std::max(dy, 0));
      auto b = now.at(x + std::max(-dx, 0), y + std::max(-dy, 0));
      bool burnt = std::max(a, b) >= kBurnt && std::min(a, b) >= kDark;
      pair.before.push_back(burnt ? NAN : float(a));
      pair.now.push_back(burnt ? NAN : float(b));
      if (burnt) continue;
      sums[0] += a;
      sums[1] += double(a) * a;
      sums[2] += b;
      sums[3] += double(b) * b;
      ++count;
    }
  auto normalise = [&](std::vector<float>* values, double sum, double square) {
    double mean = sum / count, deviation = std::sqrt(std::max(square / count - mean * mean, 0.0));
    float gain = 1.F / std::max(float(deviation), kBlankContrast);
    for (auto& v : *values) v = std::clamp((v - float(mean)) * gain, -2.F, 2.F);  // NaN stays
  };
  normalise(&pair.before, sums[0], sums[1]);
  normalise(&pair.now, sums[2], sums[3]);
  return pair;
}

using Histogram = std::array<float, kBins>;

// Soft-binned, so that small changes of brightness move little. Returns the share of pixels that count.
float block_histogram(const std::vector<float>& luma, int width, const core::Box& block,
                      Histogram* histogram) {
  histogram->fill(0);
  float count = 0;
  for (int y = block.top; y < block.bottom; ++y)
    for (int x = block.left; x < block.right; ++x) {
      float value = luma[std::size_t(y) * width + x];
      if (std::isnan(value)) continue;
      float at = (value + 2.F) / 4.F * (kBins - 1);
      int bin = std::min(int(at), kBins - 2);
      (*histogram)[bin] += 1 - (at - float(bin));
      (*histogram)[bin + 1] += at - float(bin);
      ++count;
    }
  for (auto& v : *histogram) v /= std::max(count, 1.F);
  return count / (float(block.width()) * float(block.height()));
}

// Earth mover's distance of two histograms, in units of the whole range.
float distance(const Histogram& a, const Histogram& b) {
  float carried = 0, sum = 0;
  for (int i = 0; i < kBins; ++i) {
    carried += a[i] - b[i];
    sum += std::abs(carried);
  }
  return sum / (kBins - 1);
}

struct Change {
  float difference = 0;  // mean absolute, in standard deviations of the picture
  float share = 0;       // of blocks whose histogram changed

  bool cut() const { return difference > kCutDifference && share > kCutShare; }
};

float mean_difference(const Pair& pair) {
  float sum = 0, count = 0;
  for (std::size_t i = 0; i < pair.now.size(); ++i) {
    if (std::isnan(pair.now[i])) continue;
    sum += std::abs(pair.before[i] - pair.now[i]);
    ++count;
  }
  return sum / std::max(count, 1.F);
}

Change change_between(const Pair& pair) {
  Change change;
  change.difference = mean_difference(pair);
  int blocks_x = std::min(kGrid, pair.width), blocks_y = std::min(kGrid, pair.height), changed = 0;
  Histogram before, now;
  for (int by = 0; by < blocks_y; ++by)
    for (int bx = 0; bx < blocks_x; ++bx) {
      core::Box block{bx * pair.width / blocks_x, by * pair.height / blocks_y,
                      (bx + 1) * pair.width / blocks_x, (by + 1) * pair.height / blocks_y};
      if (block_histogram(pair.before, pair.width, block, &before) < 0.5F) continue;
      block_histogram(pair.now, pair.width, block, &now);
      changed += distance(before, now) > kBlockChanged ? 1 : 0;
    }
  change.share = float(changed) / float(blocks_x * blocks_y);
  return change;
}

// The change that is left when the movement of the whole picture (a pan, a shake) is undone.
Change change_without_pan(const core::ImageU8& before, const core::ImageU8& now) {
  Pair best = comparable(before, now, 0, 0);
  float least = mean_difference(best);
  int reach_x = std::min(kReach, before.width / 4), reach_y = std::min(kReach, before.height / 4);
  for (int dy = -reach_y; dy <= reach_y; ++dy)
    for (int dx = -reach_x; dx <= reach_x; ++dx) {
      Pair moved = comparable(before, now, dx, dy);
      float difference = mean_difference(moved);
      if (difference < least) {
        least = difference;
        best = std::move(moved);
      }
    }
  return change_between(best);
}

}  // namespace

core::ImageU8 make_thumbnail(const cv::Mat& gray) {
  float scale = std::min(1.F, float(kThumbnail) / float(std::max(gray.cols, gray.rows)));
  int width = std::max(1, int(std::lround(float(gray.cols) * scale)));
  int height = std::max(1, int(std::lround(float(gray.rows) * scale)));
  core::ImageU8 thumbnail(width, height, 1);
  cv::Mat target(height, width, CV_8UC1, thumbnail.data.data());
  cv::resize(gray, target, target.size(), 0, 0, cv::INTER_AREA);
  return thumbnail;
}

bool is_blank(const core::ImageU8& thumbnail) { return tone(thumbnail).deviation < kBlankContrast; }

bool is_shot_cut(const core::ImageU8& before, const core::ImageU8& now) {
  if (before.empty() || now.empty() || is_blank(before) || is_blank(now)) return false;
  if (before.width != now.width || before.height != now.height) return true;
  return change_between(comparable(before, now, 0, 0)).cut() && change_without_pan(before, now).cut();
}

}  // namespace resyncer::track
