#include "resyncer/generator/reference_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace resyncer::generator {

namespace {

constexpr int kNearest = kReferences - 1;  // slots for near mouths; the last is for the open one
constexpr float kPoseUnit = 8.F;           // degrees that weigh as much as one sigma of expression
constexpr float kBlurPenalty = 1.F;        // of a picture without any sharpness, against the sharpest
constexpr float kTrustFloor = 0.2F;        // distance below which references are equally good
constexpr float kFar = std::numeric_limits<float>::infinity();

float pose_distance(const Eigen::Vector3f& a, const Eigen::Vector3f& b) {
  return (a - b).squaredNorm() / (kPoseUnit * kPoseUnit);
}

float distance(const BankEntry& entry, const Eigen::VectorXf& expression, int speech_count,
               const Eigen::Vector3f& angles) {
  return (entry.expression.head(speech_count) - expression.head(speech_count)).squaredNorm() +
         pose_distance(entry.angles, angles);
}

bool is_excluded(const BankEntry& entry, const ChoiceOptions& options) {
  return entry.seconds >= options.exclude_from && entry.seconds <= options.exclude_to;
}

float sharpest(const std::vector<BankEntry>& bank) {
  float best = 1e-12F;
  for (const auto& entry : bank) best = std::max(best, entry.sharpness);
  return best;
}

// The candidate of least distance that is not taken; `kept` wins while it is nearly as good. -1: none (a
// distance that is not a number is no candidate).
int pick(const std::vector<float>& distance, const std::vector<int>& taken, int kept, float hold) {
  int best = -1;
  auto is_free = [&](int i) {
    return distance[std::size_t(i)] < kFar && std::find(taken.begin(), taken.end(), i) == taken.end();
  };
  for (int i = 0; i < int(distance.size()); ++i)
    if (is_free(i) && (best < 0 || distance[std::size_t(i)] < distance[std::size_t(best)])) best = i;
  if (best >= 0 && kept >= 0 && kept < int(distance.size()) && is_free(kept) &&
      distance[std::size_t(kept)] * hold <= distance[std::size_t(best)])
    return kept;
  return best;
}

}  // namespace

std::vector<int> choose_references(const std::vector<BankEntry>& bank, const Eigen::VectorXf& expression,
                                   int speech_count, const Eigen::Vector3f& angles,
                                   const std::vector<int>& previous, const ChoiceOptions& options) {
  const float best_sharpness = sharpest(bank);
  std::vector<float> near(bank.size(), kFar), open(bank.size(), kFar);
  for (std::size_t i = 0; i < bank.size(); ++i) {
    const BankEntry& entry = bank[i];
    if (is_excluded(entry, options)) continue;
    const float blur = kBlurPenalty * (1 - std::sqrt(std::max(0.F, entry.sharpness) / best_sharpness));
    const float pose = pose_distance(entry.angles, angles);
    near[i] = distance(entry, expression, speech_count, angles) + blur + 0.1F;
    if (!(near[i] < kFar)) continue;
    open[i] = std::exp(-4 * entry.openness) * (1 + 0.3F * pose + blur) + 1e-3F;
  }
  std::vector<int> chosen;
  for (int slot = 0; slot < kReferences; ++slot) {
    const int kept = slot < int(previous.size()) ? previous[std::size_t(slot)] : -1;
    int next = pick(slot < kNearest ? near : open, chosen, kept, options.hold);
    if (next < 0 && !chosen.empty()) next = chosen.front();
    if (next < 0) return {};
    chosen.push_back(next);
  }
  return chosen;
}

std::vector<float> reference_trust(const std::vector<BankEntry>& bank, const std::vector<int>& chosen,
                                   const Eigen::VectorXf& expression, int speech_count,
                                   const Eigen::Vector3f& angles) {
  std::vector<float> trust;
  for (int i : chosen)
    trust.push_back(1 / (kTrustFloor + distance(bank[std::size_t(i)], expression, speech_count, angles)));
  const float best = trust.empty() ? 1 : *std::max_element(trust.begin(), trust.end());
  for (float& t : trust) t /= best;
  return trust;
}

}  // namespace resyncer::generator
