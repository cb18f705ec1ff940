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
constexpr float kBlankContrast = 6.F;

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

// Luma with the frame's own brightness and contrast taken out: flashes and fades leave it as it is.
std::vector<float> normalised(const core::ImageU8& image) {
  Tone t = tone(image);
  float gain = 1.F / std::max(t.deviation, kBlankContrast);
  std::vector<float> out(image.data.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = std::clamp((float(image.data[i]) - t.mean) * gain, -2.F, 2.F);
  return out;
}

using Histogram = std::array<float, kBins>;

// Soft-binned, so that small changes of brightness move little.
Histogram block_histogram(const std::vector<float>& luma, int width, const core::Box& block) {
  Histogram h{};
  float weight = 1.F / (float(block.width()) * float(block.height()));
  for (int y = block.top; y < block.bottom; ++y)
    for (int x = block.left; x < block.right; ++x) {
      float at = (luma[std::size_t(y) * width + x] + 2.F) / 4.F * (kBins - 1);
      int bin = std::min(int(at), kBins - 2);
      float part = at - float(bin);
      h[bin] += weight * (1 - part);
      h[bin + 1] += weight * part;
    }
  return h;
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
  auto a = normalised(before), b = normalised(now);
  float difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference += std::abs(a[i] - b[i]);
  difference /= float(a.size());

  int blocks_x = std::min(kGrid, now.width), blocks_y = std::min(kGrid, now.height), changed = 0;
  for (int by = 0; by < blocks_y; ++by)
    for (int bx = 0; bx < blocks_x; ++bx) {
      core::Box block{bx * now.width / blocks_x, by * now.height / blocks_y, (bx + 1) * now.width / blocks_x,
                      (by + 1) * now.height / blocks_y};
      auto ha = block_histogram(a, now.width, block), hb = block_histogram(b, now.width, block);
      changed += distance(ha, hb) > 0.08F ? 1 : 0;
    }
  float share = float(changed) / float(blocks_x * blocks_y);
  return difference > 0.25F && share > 0.5F;
}

}  // namespace resyncer::track
