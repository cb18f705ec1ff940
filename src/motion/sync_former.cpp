#include "resyncer/motion/sync_former.h"

#include <torch/torch.h>

#include <algorithm>
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
constexpr double kLeastGain = 0.7, kMostGain = 2.5, kGainFrames = 25;
constexpr float kNearSpeech = 12;  // frames

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

double deviation_of(const std::vector<float>& values) {
  double n = double(values.size()), mean = 0, squares = 0;
  for (float v : values) mean += double(v) / n;
  for (float v : values) squares += (double(v) - mean) * (double(v) - mean) / n;
  return std::sqrt(squares);
}

// Opening of the lips to first order.
struct Opening {
  Eigen::VectorXf gradient;
  float at_rest = 0;
  double usual_deviation = 0;
};

// A guess that hedges moves too little, more so on a voice it does not know. The meshes are scaled about their
// mean, so that the lips open as wide and close as far as those of the speaker whose manner is wanted, or as
// people's usually do. Frames far from any speech (not `active`) do not count.
void match_spread(const Opening& lips, const Coefficients& style, const std::vector<bool>& active,
                  Coefficients* meshes) {
  const Eigen::VectorXf& opening = lips.gradient;
  const float norm = opening.squaredNorm();
  if (norm <= 0) return;
  const bool known = style.rows() >= kFewestStyle;
  Eigen::VectorXf own = *meshes * opening, theirs;
  if (known) theirs = style * opening;
  std::vector<float> counted;
  Eigen::RowVectorXf mean = Eigen::RowVectorXf::Zero(meshes->cols());
  for (Eigen::Index t = 0; t < meshes->rows(); ++t) {
    if (!active[std::size_t(t)]) continue;
    counted.push_back(own[t]);
    mean += meshes->row(t);
  }
  if (counted.empty()) return;
  mean /= float(counted.size());
  const double had = deviation_of(counted);
  const double wanted =
      known ? deviation_of({theirs.data(), theirs.data() + theirs.size()}) : lips.usual_deviation;
  if (had <= 0 || wanted <= 0) return;
  double gain = std::clamp(wanted / had, kLeastGain, kMostGain);
  const auto frames = double(counted.size());
  gain = 1 + (gain - 1) * frames / (frames + kGainFrames);  // a few frames are no measure
  // Lips touch, but do not pass through each other.
  const float floor = known ? std::min(-lips.at_rest, theirs.minCoeff()) : -lips.at_rest;
  for (Eigen::Index t = 0; t < meshes->rows(); ++t) {
    meshes->row(t) = mean + float(gain) * (meshes->row(t) - mean);
    float missing = floor - meshes->row(t).dot(opening.transpose());
    if (missing > 0) meshes->row(t) += missing / norm * opening.transpose();
  }
}

// Where nobody speaks the mouth eases to rest, and off it again just before the next word.
void ease_to_rest(const std::vector<bool>& speaking, const Eigen::VectorXf& rest, Coefficients* meshes) {
  auto after = distance_to_speech(speaking, int(meshes->rows()), false);
  auto before = distance_to_speech(speaking, int(meshes->rows()), true);
  for (Eigen::Index t = 0; t < meshes->rows(); ++t) {
    auto i = std::size_t(t);
    float x = std::max({0.F, 1 - after[i] / kEaseFrames, 1 - before[i] / kOnsetFrames});
    float weight = x * x * (3 - 2 * x);
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

  void match_manner(const Coefficients& style, const std::vector<bool>& speaking, Coefficients* meshes) const {
    std::vector<bool> active(std::size_t(meshes->rows()), true);
    if (!speaking.empty()) {
      auto after = distance_to_speech(speaking, int(meshes->rows()), false);
      auto before = distance_to_speech(speaking, int(meshes->rows()), true);
      for (std::size_t t = 0; t < active.size(); ++t) active[t] = std::min(after[t], before[t]) <= kNearSpeech;
    }
    torch::Tensor gradient = network->opening.contiguous();
    Opening lips{Eigen::Map<const Eigen::VectorXf>(gradient.data_ptr<float>(), gradient.numel()),
                 network->opening_at_rest.item<float>(), network->opening_deviation.item<double>()};
    match_spread(lips, style, active, meshes);
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
    code = code.contiguous();
    return Eigen::Map<const Eigen::VectorXf>(code.data_ptr<float>(), code.numel());
  }
};

StyleSyncFormer::StyleSyncFormer(const std::filesystem::path& weights)
    : impl_(std::make_unique<Impl>(nets::load_motion_networks(weights).former, weights.string())) {}

StyleSyncFormer::~StyleSyncFormer() = default;
StyleSyncFormer::StyleSyncFormer(StyleSyncFormer&&) noexcept = default;
StyleSyncFormer& StyleSyncFormer::operator=(StyleSyncFormer&&) noexcept = default;

int StyleSyncFormer::coefficient_count() const { return int(impl_->network->config().coefficients); }

MotionTrack StyleSyncFormer::predict(const core::FeatureSequence& features, const Coefficients& style,
                                     const std::vector<bool>& speaking, const Eigen::VectorXf& rest) const {
  if (features.dims != int(impl_->network->config().audio) && features.frames > 0)
    impl_->misfit("the speech features are of another encoder");
  if ((style.rows() > 0 && style.cols() != coefficient_count()) || rest.size() != coefficient_count())
    impl_->misfit("the meshes have another number of coefficients than the motion model (" +
                  std::to_string(coefficient_count()) + ")");
  MotionTrack track;
  if (!speaking.empty() && int(speaking.size()) != features.frames)
    impl_->misfit("the speech gate has another length than the features");
  impl_->roll_out.run(features, impl_->style_code(style), &track.expression);
  impl_->match_manner(style, speaking, &track.expression);
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
    auto x = float(1 - outside / kEase);
    float weight = x * x * (3 - 2 * x);
    row = weight * row + (1 - weight) * rest.transpose();
  }
  return out;
}

}  // namespace resyncer::motion
