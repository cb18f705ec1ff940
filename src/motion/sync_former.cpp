#include "resyncer/motion/sync_former.h"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "resyncer/nets/sync_former.h"
#include "roll_out.h"

namespace resyncer::motion {

namespace {
constexpr int kStyleWindow = 75,
              kStyleWindows = 8;  // frames of a window (as in training), windows of a long input
constexpr float kEaseFrames = 5, kOnsetFrames = 3;  // to rest after speech, and away from it before
constexpr Eigen::Index kFewestStyle = 25;           // meshes that show how far somebody opens the mouth
constexpr float kLeastGain = 0.5F, kMostGain = 2.5F, kGainFrames = 25;
constexpr float kDecilesApart = 2.6F;  // deviations from the lower to the upper decile
constexpr float kNearSpeech = 12;      // frames
// Probabilities from which lips begin to close, and are shut; how far lips that touch seem to be open; share
// of the speaker's opening from which a closure is doubted, and denied. Chosen on 7 GRID speakers, and on
// LRW-AR and GRID s1.
constexpr float kMaybeShut = 0.2F, kSurelyShut = 0.3F, kTouching = 0.03F, kDoubted = 0.7F, kDenied = 1.2F;
// How far lips are on their way to each other in the frames about the one in which they meet: mean of 716
// /p b m/ of GRID s1.
constexpr std::array<float, 5> kClosing = {0.38F, 0.75F, 1, 0.62F, 0.17F};

// 0 below `from`, 1 above `to`, smooth in between.
float smooth_step(float value, float from, float to) {
  const float x = std::clamp((value - from) / (to - from), 0.F, 1.F);
  return x * x * (3 - 2 * x);
}

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

// How far lips go in both directions, but for the odd frame: lower and upper decile of their opening. Closed
// and wide open are the same in speech without a pause and in speech with many, which mean and deviation are
// not.
struct Range {
  float low = 0, high = 0;
};

Range range_of(std::vector<float> openings) {
  auto quantile = [&](double share) {
    auto at = openings.begin() + std::ptrdiff_t(share * double(openings.size() - 1));
    std::nth_element(openings.begin(), at, openings.end());
    return *at;
  };
  return {quantile(0.1), quantile(0.9)};
}

// Opening of the lips to first order.
struct Opening {
  Eigen::VectorXf gradient;
  Eigen::VectorXf lift;     // what opens the lips by 1 in the way that mouths open: gradient . lift = 1
  Eigen::VectorXf parting;  // the same in the way that lips part which have met
  float at_rest = 0, usual_deviation = 0;
};

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

// A guess that hedges moves too little, more so on a voice it does not know. The meshes are scaled and
// shifted so that the lips open as wide and close as far as those of the speaker whose manner is wanted, or
// as people's usually do. Frames far from any speech (not `active`) do not count.
void match_range(const Opening& lips, const Coefficients& style, const std::vector<bool>& active,
                 Coefficients* meshes) {
  const Eigen::VectorXf& opening = lips.gradient;
  if (lips.lift.isZero()) return;
  Eigen::VectorXf own = *meshes * opening, theirs;
  const bool known = style.rows() >= kFewestStyle;
  if (known) theirs = style * opening;
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
  Range wanted = had;
  if (known) {
    wanted = range_of({theirs.data(), theirs.data() + theirs.size()});
  } else {  // no one's mouth to go by: about the middle of the guess
    float more = 0.5F * (kDecilesApart * lips.usual_deviation - (had.high - had.low));
    wanted = {had.low - more, had.high + more};
  }
  if (had.high <= had.low || wanted.high <= wanted.low) return;
  const float trust = frames / (frames + kGainFrames);  // a few frames are no measure
  const float gain =
      1 + trust * (std::clamp((wanted.high - wanted.low) / (had.high - had.low), kLeastGain, kMostGain) - 1);
  const float middle = mean.dot(opening.transpose());
  const float shift = trust * 0.5F * (wanted.low + wanted.high) + (1 - trust) * 0.5F * (had.low + had.high) -
                      (middle + gain * (0.5F * (had.low + had.high) - middle));
  // Lips touch, but do not pass through each other.
  const float floor = known ? std::min(-lips.at_rest, theirs.minCoeff()) : -lips.at_rest;
  for (Eigen::Index t = 0; t < meshes->rows(); ++t) {
    meshes->row(t) = mean + gain * (meshes->row(t) - mean);
    const float is = meshes->row(t).dot(opening.transpose());
    meshes->row(t) += (std::max(is + shift, floor) - is) * lips.lift.transpose();
  }
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

// The lips meet where the sound says so, whoever speaks: a network that learned from few people follows them
// no further than theirs came. But where it has the mouth as wide open as it gets, the sound was misheard.
// `shut`: probability a mesh; `touching`: the opening, along the gradient, at which this person's lips meet.
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

// Where nobody speaks the mouth eases to rest, and off it again just before the next word.
void ease_to_rest(const std::vector<bool>& speaking, const Eigen::VectorXf& rest, Coefficients* meshes) {
  auto after = distance_to_speech(speaking, int(meshes->rows()), false);
  auto before = distance_to_speech(speaking, int(meshes->rows()), true);
  for (Eigen::Index t = 0; t < meshes->rows(); ++t) {
    auto i = std::size_t(t);
    float weight = smooth_step(std::max(1 - after[i] / kEaseFrames, 1 - before[i] / kOnsetFrames), 0, 1);
    meshes->row(t) = weight * meshes->row(t) + (1 - weight) * rest.transpose();
  }
}
}  // namespace

struct StyleSyncFormer::Impl {
  mutable nets::SyncFormer network;  // torch's forward is not const
  RollOut roll_out;
  std::string place;

  Impl(nets::SyncFormer former, std::string path)
      : network(std::move(former)), roll_out(network), place(std::move(path)) {}

  [[noreturn]] void misfit(const std::string& what) const {
    throw core::Error(core::ErrorKind::model, what, place, "use models of one release together");
  }

  [[noreturn]] void misfit_of_meshes() const {
    misfit("the meshes have another number of coefficients than the motion model (" +
           std::to_string(network->config().coefficients) + ")");
  }

  void match_manner(const Coefficients& style, const std::vector<bool>& speaking,
                    Coefficients* meshes) const {
    std::vector<bool> active(std::size_t(meshes->rows()), true);
    if (!speaking.empty()) {
      auto after = distance_to_speech(speaking, int(meshes->rows()), false);
      auto before = distance_to_speech(speaking, int(meshes->rows()), true);
      for (std::size_t t = 0; t < active.size(); ++t)
        active[t] = std::min(after[t], before[t]) <= kNearSpeech;
    }
    match_range(opening_of(network), style, active, meshes);
  }

  // How the speaker's mean mesh differs from people's: the network knows motion about the latter.
  Eigen::RowVectorXf own_mean(const Coefficients& style) const {
    if (style.rows() < kFewestStyle) return Eigen::RowVectorXf::Zero(network->config().coefficients);
    return style.colwise().mean() - vector_of(network->mean_mesh).transpose();
  }
  // The same guessed from the mouth at rest, which differs from the mean mesh by its opening besides.
  Eigen::RowVectorXf own_mean_at(const Eigen::VectorXf& rest) const {
    const Opening lips = opening_of(network);
    const Eigen::VectorXf own = rest - vector_of(network->mean_mesh);
    return (own - own.dot(lips.gradient) * lips.lift).transpose();
  }

  // Mean code over windows spread evenly over the meshes.
  Eigen::VectorXf style_code(const Coefficients& meshes) const {
    torch::NoGradGuard no_grad;
    torch::Tensor code;
    if (meshes.rows() == 0) {
      code = network->no_style(1);
    } else {
      auto length = std::min<Eigen::Index>(meshes.rows(), kStyleWindow);
      auto windows = std::min<Eigen::Index>((meshes.rows() + kStyleWindow - 1) / kStyleWindow, kStyleWindows);
      torch::Tensor batch = torch::empty({windows, length, meshes.cols()});
      for (Eigen::Index i = 0; i < windows; ++i) {
        Eigen::Index start = windows > 1 ? (meshes.rows() - length) * i / (windows - 1) : 0;
        std::copy_n(meshes.data() + start * meshes.cols(), length * meshes.cols(),
                    batch.data_ptr<float>() + i * length * meshes.cols());
      }
      code = network->encode_style(batch, torch::ones({windows, length})).mean(0, true);
    }
    return vector_of(code);
  }
};

StyleSyncFormer::StyleSyncFormer(const std::filesystem::path& weights)
    : impl_(std::make_unique<Impl>(nets::load_motion_networks(weights).former, weights.string())) {}

StyleSyncFormer::~StyleSyncFormer() = default;
StyleSyncFormer::StyleSyncFormer(StyleSyncFormer&&) noexcept = default;
StyleSyncFormer& StyleSyncFormer::operator=(StyleSyncFormer&&) noexcept = default;

int StyleSyncFormer::coefficient_count() const { return int(impl_->network->config().coefficients); }

Eigen::VectorXf StyleSyncFormer::lips_parting() const { return opening_of(impl_->network).parting; }

MotionTrack StyleSyncFormer::predict(const core::FeatureSequence& features, const Coefficients& style,
                                     const std::vector<bool>& speaking, const Eigen::VectorXf& rest,
                                     float rest_opening) const {
  Stream stream(*this, style);
  stream.push(features);
  return stream.finish(speaking, rest, rest_opening);
}

struct StyleSyncFormer::Stream::State {
  const StyleSyncFormer::Impl* former = nullptr;
  Coefficients style;
  Eigen::RowVectorXf own_mean;
  RollOut::StatePtr roll_out;
  int features = 0;  // received
  RollOut::Output out;
};

StyleSyncFormer::Stream::Stream(const StyleSyncFormer& former, Coefficients style) {
  const Impl& m = *former.impl_;
  if (style.rows() > 0 && style.cols() != former.coefficient_count()) m.misfit_of_meshes();
  state_ = std::make_unique<State>();
  state_->former = &m;
  state_->own_mean = m.own_mean(style);
  Coefficients about_mean = style;
  if (style.rows() > 0) about_mean.rowwise() -= state_->own_mean;
  state_->style = std::move(style);
  state_->roll_out = m.roll_out.begin(m.style_code(about_mean));
}

StyleSyncFormer::Stream::~Stream() = default;

void StyleSyncFormer::Stream::push(const core::FeatureSequence& features) {
  if (features.frames == 0) return;
  const Impl& m = *state_->former;
  if (features.dims != int(m.network->config().audio)) m.misfit("the speech features are of another encoder");
  m.roll_out.push(features, state_->roll_out.get(), &state_->out);
  state_->features += features.frames;
}

MotionTrack StyleSyncFormer::Stream::finish(const std::vector<bool>& speaking, const Eigen::VectorXf& rest,
                                            float rest_opening) {
  const Impl& m = *state_->former;
  const auto width = m.network->config().coefficients;
  if (rest.size() != width) m.misfit_of_meshes();
  if (!speaking.empty() && int(speaking.size()) != state_->features)
    m.misfit("the speech gate has another length than the features");
  m.roll_out.finish(state_->roll_out.get(), &state_->out);
  MotionTrack track;
  const RollOut::Output& out = state_->out;
  track.expression =
      Eigen::Map<const Coefficients>(out.meshes.data(), Eigen::Index(out.meshes.size()) / width, width);
  track.expression.rowwise() += state_->style.rows() < kFewestStyle ? m.own_mean_at(rest) : state_->own_mean;
  m.match_manner(state_->style, speaking, &track.expression);
  const Opening lips = opening_of(m.network);
  shut_lips(lips, out.shut, rest.dot(lips.gradient) - rest_opening, &track.expression);
  if (!speaking.empty()) ease_to_rest(speaking, rest, &track.expression);
  return track;
}

Coefficients sample(const MotionTrack& track, const std::vector<double>& seconds,
                    const Eigen::VectorXf& rest) {
  constexpr double kEase = 0.12;  // seconds
  const auto frames = track.expression.rows();
  const double length = double(frames) / track.rate;
  Coefficients out(Eigen::Index(seconds.size()), rest.size());
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    double outside = std::max({0.0, -seconds[i], seconds[i] - length});
    auto row = out.row(Eigen::Index(i));
    if (frames == 0 || !(outside < kEase) || std::isnan(seconds[i])) {
      row = rest.transpose();
      continue;
    }
    double position = std::clamp(seconds[i] * track.rate - 0.5, 0.0, double(frames - 1));
    auto at = std::min(Eigen::Index(position), std::max<Eigen::Index>(frames - 2, 0));
    auto f = float(position - double(at));
    auto mesh = [&](Eigen::Index k) {
      return track.expression.row(std::clamp<Eigen::Index>(k, 0, frames - 1));
    };
    // Catmull-Rom
    float a = f * (-0.5F + f * (1 - 0.5F * f)), b = 1 + f * f * (-2.5F + 1.5F * f);
    float c = f * (0.5F + f * (2 - 1.5F * f)), d = f * f * (-0.5F + 0.5F * f);
    row = a * mesh(at - 1) + b * mesh(at) + c * mesh(at + 1) + d * mesh(at + 2);
    float weight = smooth_step(float(1 - outside / kEase), 0, 1);
    row = weight * row + (1 - weight) * rest.transpose();
  }
  return out;
}

}  // namespace resyncer::motion
