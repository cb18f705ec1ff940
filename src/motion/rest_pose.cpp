#include "resyncer/motion/rest_pose.h"

#include <algorithm>
#include <cassert>

namespace resyncer::motion {

namespace {
constexpr std::size_t kStillFrames = 9;  // that a mouth at rest keeps still for, at least
constexpr float kStill = 0.03F;          // openness: how much it varies then, with the fit's jitter
constexpr float kAtRest = 0.2F;          // openness of a still mouth above which it waits to speak, or smiles
constexpr float kShut = 0.12F;           // openness of a moving mouth up to which it counts as shut

// The frames of all windows in which the mouth keeps still, nearly shut.
std::vector<std::size_t> still_frames(const std::vector<float>& openness) {
  std::vector<bool> still(openness.size(), false);
  for (std::size_t first = 0; first + kStillFrames <= openness.size(); ++first) {
    const auto begin = openness.begin() + std::ptrdiff_t(first), end = begin + kStillFrames;
    const auto [low, high] = std::minmax_element(begin, end);
    if (*high - *low < kStill && *high < kAtRest)
      std::fill_n(still.begin() + std::ptrdiff_t(first), kStillFrames, true);
  }
  std::vector<std::size_t> frames;
  for (std::size_t i = 0; i < still.size(); ++i)
    if (still[i]) frames.push_back(i);
  return frames;
}

std::vector<std::size_t> all_frames(std::size_t count) {
  std::vector<std::size_t> frames(count);
  for (std::size_t i = 0; i < count; ++i) frames[i] = i;
  return frames;
}
}  // namespace

Eigen::VectorXf rest_pose(const Coefficients& meshes, const std::vector<float>& openness,
                          const Eigen::VectorXf& parting) {
  assert(std::size_t(meshes.rows()) == openness.size());
  Eigen::VectorXf rest = Eigen::VectorXf::Zero(meshes.cols());
  if (openness.empty()) return rest;
  std::vector<std::size_t> frames = still_frames(openness);
  const bool keeps_still = !frames.empty();
  if (!keeps_still) frames = all_frames(openness.size());
  std::sort(frames.begin(), frames.end(),
            [&](std::size_t a, std::size_t b) { return openness[a] < openness[b]; });
  frames.resize(std::max<std::size_t>(1, frames.size() / (keeps_still ? 2 : 10)));
  float open = 0;
  for (std::size_t i : frames) {
    rest += meshes.row(Eigen::Index(i)).transpose() / float(frames.size());
    open += openness[i] / float(frames.size());
  }
  if (!keeps_still && open > kShut) rest -= (open - kShut) * parting;
  return rest;
}

}  // namespace resyncer::motion
