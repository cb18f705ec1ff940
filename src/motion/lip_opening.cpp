#include "lip_opening.h"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace resyncer::motion {

namespace {

constexpr float kLeastGain = 0.5F, kMostGain = 2.5F, kGainFrames = 25;
constexpr float kDecilesApart = 2.6F;  // deviations from the lower to the upper decile
// Probabilities from which lips begin to close, and are shut; how far lips that touch seem to be open; share
// of the speaker's opening from which a closure is doubted, and denied. Chosen on 7 GRID speakers, and on
// LRW-AR and GRID s1.
constexpr float kMaybeShut = 0.2F, kSurelyShut = 0.3F, kTouching = 0.03F, kDoubted = 0.7F, kDenied = 1.2F;
// How far lips are on their way to each other in the frames about the one in which they meet: mean of 716
// /p b m/ of GRID s1.
constexpr std::array<float, 5> kClosing = {0.38F, 0.75F, 1, 0.62F, 0.17F};

// Detail added to match a tempo; what one of it has to be worth, in shares of the tempo.
constexpr float kSmoothest = -0.7F, kRoughest = 0.5F, kStep = 0.1F, kReluctance = 0.1F;
constexpr std::array<float, 7> kSmooth = {0.07F, 0.13F, 0.19F, 0.22F,
                                          0.19F, 0.13F, 0.07F};  // of mesh to mesh

Coefficients smoothed(const Coefficients& meshes) {
  Coefficients out = Coefficients::Zero(meshes.rows(), meshes.cols());
  const auto reach = Eigen::Index(kSmooth.size() / 2);
  for (Eigen::Index t = 0; t < meshes.rows(); ++t)
    for (Eigen::Index k = -reach; k <= reach; ++k)
      out.row(t) +=
          kSmooth[std::size_t(k + reach)] * meshes.row(std::clamp<Eigen::Index>(t + k, 0, meshes.rows() - 1));
  return out;
}

// Where there is no one's mouth to go by.
Range usual_range(const Opening& lips, const Range& had) {
  const float more = 0.5F * (kDecilesApart * lips.usual_deviation - (had.high - had.low));
  const float centre = 0.5F * (had.low + had.high),
              grown = had.high > had.low ? 1 + 2 * more / (had.high - had.low) : 1;
  return {had.low - more, centre + grown * (had.middle - centre), had.high + more};
}

Range mixed(const Range& usual, const Range& known, float share) {
  if (share == 0 || share == 1) return share == 0 ? usual : known;
  auto between = [&](float a, float b) { return a + share * (b - a); };
  return {between(usual.low, known.low), between(usual.middle, known.middle),
          between(usual.high, known.high)};
}

// Lips shut in a single frame between open ones would snap: real ones approach and leave.
std::vector<float> eased(const std::vector<float>& closing) {
  std::vector<float> out(closing.size(), 0.F);
  const auto frames = std::ptrdiff_t(closing.size()), reach = std::ptrdiff_t(kClosing.size() / 2);
  for (std::ptrdiff_t t = 0; t < frames; ++t)
    for (auto i = std::max<std::ptrdiff_t>(t - reach, 0); i <= std::min(t + reach, frames - 1); ++i) {
      float& here = out[std::size_t(i)];
      here = std::max(here, closing[std::size_t(t)] * kClosing[std::size_t(i - t + reach)]);
    }
  return out;
}

Range range_in(const Opening& lips, const Coefficients& meshes) {
  const Eigen::VectorXf open = meshes * lips.gradient;
  return range_of({open.data(), open.data() + open.size()});
}

}  // namespace

float range_ratio(const Opening& lips, const Coefficients& from, const Coefficients& to) {
  const Range a = range_in(lips, from), b = range_in(lips, to);
  if (!(a.high > a.low) || !(b.high > b.low)) return 1;
  return std::clamp((b.high - b.low) / (a.high - a.low), kLeastGain, kMostGain);
}

Eigen::VectorXf vector_of(const torch::Tensor& t) {
  torch::Tensor flat = t.contiguous();
  return Eigen::Map<const Eigen::VectorXf>(flat.data_ptr<float>(), flat.numel());
}

// Of all displacements that open the lips so far, the one that is most usual.
Opening opening_of(const nets::SyncFormer& network) {
  Opening lips{vector_of(network->opening),
               {},
               {},
               network->opening_at_rest.item<float>(),
               network->opening_deviation.item<float>()};
  Eigen::VectorXf usual =
      vector_of(torch::mv(network->motion_basis, torch::mv(network->motion_basis.t(), network->opening)));
  const float opens = usual.dot(lips.gradient);
  lips.lift = opens > 0 ? Eigen::VectorXf(usual / opens) : Eigen::VectorXf::Zero(usual.size());
  lips.parting = vector_of(network->parting);
  if (lips.parting.isZero()) lips.parting = lips.lift;
  return lips;
}

float touching(const Opening& lips, const Eigen::VectorXf& rest, float rest_opening) {
  return rest.dot(lips.gradient) - rest_opening;
}

float smooth_step(float value, float from, float to) {
  const float x = std::clamp((value - from) / (to - from), 0.F, 1.F);
  return x * x * (3 - 2 * x);
}

Range range_of(std::vector<float> openings) {
  auto quantile = [&](double share) {
    auto at = openings.begin() + std::ptrdiff_t(share * double(openings.size() - 1));
    std::nth_element(openings.begin(), at, openings.end());
    return *at;
  };
  return {quantile(0.1), quantile(0.5), quantile(0.9)};
}

void match_range(const Opening& lips, const WantedRange& wished, const std::vector<bool>& active,
                 Coefficients* meshes) {
  const Eigen::VectorXf& opening = lips.gradient;
  if (lips.lift.isZero()) return;
  const Eigen::VectorXf own = *meshes * opening;
  std::vector<float> counted;
  Eigen::RowVectorXf mean = Eigen::RowVectorXf::Zero(meshes->cols());
  for (Eigen::Index t = 0; t < meshes->rows(); ++t) {
    if (!active[std::size_t(t)]) continue;
    counted.push_back(own[t]);
    mean += meshes->row(t);
  }
  if (counted.empty()) return;
  const auto frames = float(counted.size());
  mean /= frames;
  const Range had = range_of(std::move(counted));
  const Range wanted = mixed(usual_range(lips, had), wished.range, wished.share);
  if (had.high <= had.low || wanted.high <= wanted.low) return;
  const float trust = frames / (frames + kGainFrames);  // a few frames are no measure
  const float gain =
      1 + trust * (std::clamp((wanted.high - wanted.low) / (had.high - had.low), kLeastGain, kMostGain) - 1);
  const float middle = mean.dot(opening.transpose());
  const float shift = trust * 0.5F * (wanted.low + wanted.high) + (1 - trust) * 0.5F * (had.low + had.high) -
                      (middle + gain * (0.5F * (had.low + had.high) - middle));
  // A parabola over the range lifts its middle to where it belongs; at a quarter of the range it would cease
  // to be monotone.
  const float range = wanted.high - wanted.low, now = middle + gain * (had.middle - middle) + shift;
  const float bend = wished.bent ? trust * std::clamp(wanted.middle - now, -0.25F * range, 0.25F * range) : 0;
  auto bent = [&](float is) {
    const float u = std::clamp((is - wanted.low) / range, 0.F, 1.F);
    return is + 4 * u * (1 - u) * bend;
  };
  for (Eigen::Index t = 0; t < meshes->rows(); ++t) {
    meshes->row(t) = mean + gain * (meshes->row(t) - mean);
    const float is = meshes->row(t).dot(opening.transpose());
    meshes->row(t) += (std::max(bent(is + shift), wished.least) - is) * lips.lift.transpose();
  }
}

float tempo_of(const Eigen::VectorXf& openings) {
  const auto n = openings.size();
  if (n < 2) return 0;
  const Range range = range_of({openings.data(), openings.data() + n});
  const float moved = (openings.tail(n - 1) - openings.head(n - 1)).cwiseAbs().mean();
  return range.high > range.low ? moved * kMotionRate / (range.high - range.low) : 0;
}

void match_tempo(const Opening& lips, float tempo, float share, const std::vector<bool>& active,
                 Coefficients* meshes) {
  if (share == 0 || !(tempo > 0)) return;
  const Coefficients detail = *meshes - smoothed(*meshes);
  const Eigen::VectorXf open = *meshes * lips.gradient, rough = detail * lips.gradient;
  std::vector<Eigen::Index> counted;
  for (Eigen::Index t = 0; t < open.size(); ++t)
    if (active[std::size_t(t)]) counted.push_back(t);
  const auto tempo_with = [&](float more) {
    Eigen::VectorXf some(Eigen::Index(counted.size()));
    for (std::size_t k = 0; k < counted.size(); ++k)
      some[Eigen::Index(k)] = open[counted[k]] + more * rough[counted[k]];
    return tempo_of(some);
  };
  const float had = tempo_with(0), wanted = had + share * (tempo - had);
  if (!(had > 0)) return;
  float best = 0, least = std::abs(had - wanted);
  for (float more = kSmoothest; more <= kRoughest; more += kStep) {
    const float cost = std::abs(tempo_with(more) - wanted) + kReluctance * std::abs(more) * wanted;
    if (cost < least) best = more, least = cost;
  }
  *meshes += best * detail;
}

void shut_lips(const Opening& lips, const std::vector<float>& shut, float touching, Coefficients* meshes) {
  if (shut.empty()) return;
  const Eigen::VectorXf above = (*meshes * lips.gradient).array() - (touching + kTouching);
  const float most = std::max(1e-3F, range_of({above.data(), above.data() + above.size()}).high);
  std::vector<float> closing;
  for (Eigen::Index t = 0; t < above.size(); ++t)
    closing.push_back(smooth_step(shut[std::size_t(t)], kMaybeShut, kSurelyShut) *
                      std::clamp((kDenied - above[t] / most) / (kDenied - kDoubted), 0.F, 1.F));
  closing = eased(closing);
  for (Eigen::Index t = 0; t < above.size(); ++t)
    meshes->row(t) -= closing[std::size_t(t)] * std::max(0.F, above[t]) * lips.parting.transpose();
}

}  // namespace resyncer::motion
