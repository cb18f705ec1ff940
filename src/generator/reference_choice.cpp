#include "resyncer/generator/reference_choice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "generator/kriging.h"

namespace resyncer::generator {

namespace {

constexpr int kNearest = kReferences - 1;  // slots for near mouths; the last is for the open one
constexpr float kPoseUnit = 8.F;           // degrees that weigh as much as one sigma of expression
constexpr float kBlurPenalty = 1.F;        // of a picture without any sharpness, against the sharpest
constexpr float kNugget = 0.15F;           // expected difference of two pictures of the same mouth and pose
constexpr float kLittle = 0.02F;           // of the best weight: what every reference has
constexpr int kCandidates = 20;            // for companions: the nearest
constexpr float kWorthwhile = 0.01F;       // weight of a companion
constexpr float kKept = 1.25F;             // share by which a companion in use wins: no flicker
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

// Of the squared difference of two pictures, up to a factor that no weight depends on.
float variogram(float distance) { return kNugget + std::sqrt(distance); }

// Half the expected squared differences of these entries, all different, and of each to the picture that is
// asked for.
struct Differences {
  Eigen::MatrixXf between;
  Eigen::VectorXf to_unknown;
};

Differences differences(const std::vector<BankEntry>& bank, const std::vector<int>& entries,
                        const Eigen::VectorXf& expression, const Eigen::VectorXf& mouth_weights,
                        const Eigen::Vector3f& angles) {
  const auto n = Eigen::Index(entries.size());
  Differences expected{Eigen::MatrixXf::Zero(n, n), Eigen::VectorXf(n)};
  for (Eigen::Index i = 0; i < n; ++i) {
    const BankEntry& a = bank[std::size_t(entries[std::size_t(i)])];
    expected.to_unknown[i] = variogram(mouth_distance(a, expression, mouth_weights, angles));
    for (Eigen::Index j = 0; j < i; ++j) {
      const BankEntry& b = bank[std::size_t(entries[std::size_t(j)])];
      expected.between(i, j) = expected.between(j, i) =
          variogram(mouth_distance(a, b.expression, mouth_weights, b.angles));
    }
  }
  return expected;
}

Eigen::VectorXf mean_weights(const std::vector<BankEntry>& bank, const std::vector<int>& entries,
                             const Eigen::VectorXf& expression, const Eigen::VectorXf& mouth_weights,
                             const Eigen::Vector3f& angles) {
  const Differences expected = differences(bank, entries, expression, mouth_weights, angles);
  return kriging_weights(expected.between, expected.to_unknown);
}

bool contains(const std::vector<int>& list, int value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::vector<int> each_once(const std::vector<int>& list) {
  std::vector<int> distinct;
  for (int i : list)
    if (!contains(distinct, i)) distinct.push_back(i);
  return distinct;
}

// The references and the nearest entries beside them, each once.
std::vector<int> candidates(const std::vector<BankEntry>& bank, const std::vector<int>& references,
                            const Eigen::VectorXf& expression, const Eigen::VectorXf& mouth_weights,
                            const Eigen::Vector3f& angles, const ChoiceOptions& options) {
  std::vector<std::pair<float, int>> near;
  for (int i = 0; i < int(bank.size()); ++i) {
    const float d = mouth_distance(bank[std::size_t(i)], expression, mouth_weights, angles);
    if (d < kFar && !is_excluded(bank[std::size_t(i)], options)) near.emplace_back(d, i);
  }
  std::sort(near.begin(), near.end());
  std::vector<int> list = each_once(references);
  for (const auto& [d, i] : near)
    if (int(list.size()) < kCandidates && !contains(list, i)) list.push_back(i);
  return list;
}

// Companions in use keep their places, so that a slot's picture does not jump; the others fill the gaps, the
// best first.
void place_companions(const std::vector<int>& best, const std::vector<int>& previous,
                      std::vector<int>* lenders) {
  std::vector<int> places(kCompanions, -1);
  for (std::size_t k = kReferences; k < previous.size() && k < std::size_t(kLenders); ++k)
    if (contains(best, previous[k]) && !contains(places, previous[k])) places[k - kReferences] = previous[k];
  for (int i : best) {
    if (contains(places, i)) continue;
    *std::find(places.begin(), places.end(), -1) = i;
  }
  for (int k = 0; k < kCompanions; ++k) {
    const int companion = places[std::size_t(k)];
    lenders->push_back(companion >= 0 ? companion : (*lenders)[std::size_t(slot_of(kReferences + k))]);
  }
}

}  // namespace

float mouth_distance(const BankEntry& entry, const Eigen::VectorXf& expression,
                     const Eigen::VectorXf& mouth_weights, const Eigen::Vector3f& angles) {
  const auto n = mouth_weights.size();
  return (entry.expression.head(n) - expression.head(n)).cwiseAbs2().dot(mouth_weights) +
         pose_distance(entry.angles, angles);
}

Eigen::VectorXf mouth_weights(const mesh::FaceModel& model) {
  constexpr float kPower = 0.35F;  // of the energy; between 0 (all alike) and 1 (as they move the lips)
  Eigen::VectorXf weights(model.speech_count);
  for (int k = 0; k < model.speech_count; ++k) {
    float energy = 0;
    for (Eigen::Index i = 48; i < 68; ++i) energy += model.expression.block<2, 1>(3 * i, k).squaredNorm();
    weights[k] = std::pow(energy, kPower);
  }
  return weights / weights.mean();
}

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

std::vector<int> choose_lenders(const std::vector<BankEntry>& bank, const Eigen::VectorXf& expression,
                                const Eigen::VectorXf& mouth_weights, const Eigen::Vector3f& angles,
                                const std::vector<int>& previous, const ChoiceOptions& options) {
  std::vector<int> lenders =
      choose_references(bank, expression, int(mouth_weights.size()), angles, previous, options);
  if (lenders.empty()) return lenders;
  const std::vector<int> list = candidates(bank, lenders, expression, mouth_weights, angles, options);
  const Eigen::VectorXf weights = mean_weights(bank, list, expression, mouth_weights, angles);
  std::vector<std::pair<float, int>> ranked;
  for (std::size_t k = 0; k < list.size(); ++k) {
    const float weight = weights[Eigen::Index(k)];
    if (weight < kWorthwhile || contains(lenders, list[k])) continue;
    ranked.emplace_back(contains(previous, list[k]) ? -kKept * weight : -weight, list[k]);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<int> best;
  for (const auto& [weight, i] : ranked)
    if (int(best.size()) < kCompanions) best.push_back(i);
  place_companions(best, previous, &lenders);
  return lenders;
}

std::vector<float> reference_trust(const std::vector<BankEntry>& bank, const std::vector<int>& chosen,
                                   const Eigen::VectorXf& expression, const Eigen::VectorXf& mouth_weights,
                                   const Eigen::Vector3f& angles) {
  if (chosen.empty()) return {};
  const std::vector<int> distinct = each_once(chosen);
  const Eigen::VectorXf weights = mean_weights(bank, distinct, expression, mouth_weights, angles);
  const float little = kLittle * weights.maxCoeff();
  std::vector<float> trust;
  std::array<float, kReferences> slots{};
  for (auto at = chosen.begin(); at != chosen.end(); ++at) {
    const bool repeated = at - chosen.begin() >= kReferences && std::find(chosen.begin(), at, *at) != at;
    const auto references =
        chosen.begin() + std::min<std::ptrdiff_t>(kReferences, chosen.end() - chosen.begin());
    const auto sharing = std::max<std::ptrdiff_t>(1, std::count(chosen.begin(), references, *at));
    const auto place = std::find(distinct.begin(), distinct.end(), *at) - distinct.begin();
    const float d = mouth_distance(bank[std::size_t(*at)], expression, mouth_weights, angles);
    trust.push_back(repeated ? 0.F : (weights[place] + little / variogram(d)) / float(sharing));
    slots[std::size_t(slot_of(int(at - chosen.begin())))] += trust.back();
  }
  const float best = *std::max_element(slots.begin(), slots.end());
  for (float& t : trust) t /= best;
  return trust;
}

float mean_doubt(const std::vector<BankEntry>& bank, const std::vector<int>& chosen,
                 const Eigen::VectorXf& expression, const Eigen::VectorXf& mouth_weights,
                 const Eigen::Vector3f& angles) {
  if (chosen.empty()) return kNoLimit;
  const Differences expected = differences(bank, each_once(chosen), expression, mouth_weights, angles);
  const Eigen::VectorXf weights = kriging_weights(expected.between, expected.to_unknown);
  const float within = weights.dot(expected.between * weights);
  const float error = 2 * weights.dot(expected.to_unknown) - within;
  return within > 0 ? std::sqrt(std::max(0.F, error) / within) : kNoLimit;
}

}  // namespace resyncer::generator
