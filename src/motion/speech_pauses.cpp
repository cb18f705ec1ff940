#include "speech_pauses.h"

#include <algorithm>

#include "lip_opening.h"

namespace resyncer::motion {

namespace {

constexpr float kEaseFrames = 5, kOnsetFrames = 3;  // to rest after speech, and away from it before
constexpr float kNearSpeech = 12;                   // frames

// Frames to the nearest speaking frame before (or, backwards, after) every frame; `far` where there is none.
std::vector<float> distance_to_speech(const std::vector<bool>& speaking, int frames, bool backwards) {
  constexpr float kFar = 1e6F;
  std::vector<float> distance(static_cast<std::size_t>(frames));
  float since = kFar;
  for (int i = 0; i < frames; ++i) {
    auto t = std::size_t(backwards ? frames - 1 - i : i);
    bool speaks = speaking[2 * t] || (2 * t + 1 < speaking.size() && speaking[2 * t + 1]);
    since = speaks ? 0 : since + 1;
    distance[t] = since;
  }
  return distance;
}

}  // namespace

std::vector<bool> near_speech(const std::vector<bool>& speaking, Eigen::Index meshes) {
  std::vector<bool> near(std::size_t(meshes), true);
  if (speaking.empty()) return near;
  const auto after = distance_to_speech(speaking, int(meshes), false);
  const auto before = distance_to_speech(speaking, int(meshes), true);
  for (std::size_t t = 0; t < near.size(); ++t) near[t] = std::min(after[t], before[t]) <= kNearSpeech;
  return near;
}

void ease_to_rest(const std::vector<bool>& speaking, const Eigen::VectorXf& rest, Coefficients* meshes) {
  auto after = distance_to_speech(speaking, int(meshes->rows()), false);
  auto before = distance_to_speech(speaking, int(meshes->rows()), true);
  for (Eigen::Index t = 0; t < meshes->rows(); ++t) {
    auto i = std::size_t(t);
    float weight = smooth_step(std::max(1 - after[i] / kEaseFrames, 1 - before[i] / kOnsetFrames), 0, 1);
    meshes->row(t) = weight * meshes->row(t) + (1 - weight) * rest.transpose();
  }
}

}  // namespace resyncer::motion
