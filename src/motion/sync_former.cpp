#include "resyncer/motion/sync_former.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "lip_opening.h"
#include "resyncer/core/error.h"
#include "resyncer/nets/sync_former.h"
#include "roll_out.h"
#include "speech_pauses.h"

namespace resyncer::motion {

namespace {
constexpr int kStyleWindow = 75,
              kStyleWindows = 8;           // frames of a window (as in training), windows of a long input
constexpr Eigen::Index kFewestStyle = 25;  // meshes that show how far somebody opens the mouth
}  // namespace

struct StyleSyncFormer::Impl {
  mutable nets::SyncFormer network;  // torch's forward is not const
  RollOut roll_out;
  Opening lips;
  std::string place;

  Impl(nets::SyncFormer former, std::string path)
      : network(std::move(former)), roll_out(network), lips(opening_of(network)), place(std::move(path)) {}

  [[noreturn]] void misfit(const std::string& what) const {
    throw core::Error(core::ErrorKind::model, what, place, "use models of one release together");
  }

  [[noreturn]] void misfit_of_meshes() const {
    misfit("the meshes have another number of coefficients than the motion model (" +
           std::to_string(network->config().coefficients) + ")");
  }

  void check(const StyleFootage& clip) const {
    const auto width = network->config().coefficients;
    if (clip.meshes.cols() != width || clip.rest.size() != width ||
        (!clip.openings.empty() && Eigen::Index(clip.openings.size()) != clip.meshes.rows()))
      misfit_of_meshes();
    if (clip.meshes.rows() < kFewestStyle)
      throw core::Error(core::ErrorKind::face, "too few frames show how this person speaks", clip.place,
                        "use a clip with a second or more of a speaking face");
  }

  // How the speaker's mean mesh differs from people's: the network knows motion about the latter.
  Eigen::RowVectorXf own_mean(const Coefficients& own) const {
    if (own.rows() < kFewestStyle) return Eigen::RowVectorXf::Zero(network->config().coefficients);
    return own.colwise().mean() - vector_of(network->mean_mesh).transpose();
  }
  // The same guessed from the mouth at rest, which differs from the mean mesh by its opening besides.
  Eigen::RowVectorXf own_mean_at(const Eigen::VectorXf& rest) const {
    const Eigen::VectorXf own = rest - vector_of(network->mean_mesh);
    return (own - own.dot(lips.gradient) * lips.lift).transpose();
  }

  // Mean code over windows spread evenly over the meshes, which lie about people's mean.
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

Eigen::VectorXf StyleSyncFormer::lips_parting() const { return impl_->lips.parting; }

SpeakingStyle StyleSyncFormer::style_of(const std::vector<StyleFootage>& footage) const {
  const Impl& m = *impl_;
  SpeakingStyle style;
  style.token = Eigen::VectorXf::Zero(m.network->config().style_size);
  std::vector<float> openings;
  float meshes = 0;
  for (const StyleFootage& clip : footage) {
    m.check(clip);
    const auto count = float(clip.meshes.rows());
    Coefficients about_mean = clip.meshes;
    about_mean.rowwise() -= m.own_mean(clip.meshes);
    style.token += count * m.style_code(about_mean);
    const Eigen::VectorXf open = clip.meshes * m.lips.gradient;
    style.tempo += count * tempo_of(open);
    const float touch = touching(m.lips, clip.rest, clip.rest_opening);
    if (clip.openings.empty())
      for (float o : open) openings.push_back(o - touch);
    else
      openings.insert(openings.end(), clip.openings.begin(), clip.openings.end());
    meshes += count;
  }
  if (openings.empty())
    throw core::Error(core::ErrorKind::face, "no clip shows how somebody speaks", "",
                      "name a clip with a speaking face");
  style.token /= meshes, style.tempo /= meshes;
  style.seconds = meshes / kMotionRate;
  const Eigen::Map<const Eigen::ArrayXf> all(openings.data(), Eigen::Index(openings.size()));
  style.mean = all.mean();
  style.deviation = std::sqrt((all - all.mean()).square().mean());
  const Range range = range_of(openings);
  style.low = range.low, style.middle = range.middle, style.high = range.high;
  return style;
}

MotionTrack StyleSyncFormer::transfer(const Coefficients& meshes, const std::vector<bool>& seen,
                                      const StyleFootage& driver, const Coefficients& own,
                                      const Eigen::VectorXf& rest, float rest_opening) const {
  const Impl& m = *impl_;
  m.check(driver);
  if (meshes.cols() != driver.meshes.cols() || rest.size() != meshes.cols() ||
      (own.rows() > 0 && own.cols() != meshes.cols()) || Eigen::Index(seen.size()) != meshes.rows())
    m.misfit_of_meshes();
  const bool known = own.rows() >= kFewestStyle;
  const float gain = known ? range_ratio(m.lips, driver.meshes, own) : 1;
  const Eigen::RowVectorXf mean =
      vector_of(m.network->mean_mesh).transpose() + (known ? m.own_mean(own) : m.own_mean_at(rest));
  MotionTrack track;
  Coefficients& out = track.expression;
  out = gain * (meshes.rowwise() - driver.meshes.colwise().mean());
  out.rowwise() += mean;
  const Eigen::VectorXf open =
      (meshes * m.lips.gradient).array() - touching(m.lips, driver.rest, driver.rest_opening);
  const Eigen::VectorXf missing =
      (touching(m.lips, rest, rest_opening) + gain * open.array()).matrix() - out * m.lips.gradient;
  out += missing * m.lips.lift.transpose();
  std::vector<bool> speaking;  // two a mesh
  for (bool s : seen) speaking.insert(speaking.end(), 2, s);
  ease_to_rest(speaking, rest, &out);
  return track;
}

MotionTrack StyleSyncFormer::predict(const core::FeatureSequence& features, const Manner& manner,
                                     const std::vector<bool>& speaking, const Eigen::VectorXf& rest,
                                     float rest_opening) const {
  Stream stream(*this, manner);
  stream.push(features);
  return stream.finish(speaking, rest, rest_opening);
}

struct StyleSyncFormer::Stream::State {
  const StyleSyncFormer::Impl* former = nullptr;
  Manner manner;
  Eigen::RowVectorXf own_mean;
  RollOut::StatePtr roll_out;
  int features = 0;  // received
  RollOut::Output out;

  bool knows_own() const { return manner.own.rows() >= kFewestStyle; }
  Eigen::VectorXf token() const;
  WantedRange wanted_range(float touching) const;
};

Eigen::VectorXf StyleSyncFormer::Stream::State::token() const {
  if (!manner.style) {
    Coefficients about_mean = manner.own;
    if (about_mean.rows() > 0) about_mean.rowwise() -= own_mean;
    return former->style_code(about_mean);
  }
  const Eigen::VectorXf neutral = former->style_code({});
  if (manner.style->token.size() == 0) return neutral;
  if (manner.style->token.size() != neutral.size()) former->misfit("the style is of another motion model");
  return neutral + manner.strength * (manner.style->token - neutral);
}

// The lips touch, but do not pass through each other.
WantedRange StyleSyncFormer::Stream::State::wanted_range(float touching) const {
  const Opening& lips = former->lips;
  WantedRange wanted;
  wanted.least = -lips.at_rest;
  std::vector<float> own;
  if (knows_own()) {
    const Eigen::VectorXf open = manner.own * lips.gradient;
    own.assign(open.data(), open.data() + open.size());
    wanted.least = std::min(wanted.least, open.minCoeff());
  }
  if (manner.style) {
    wanted.least = std::min(wanted.least, touching);
    wanted.share = manner.style->token.size() > 0 ? manner.strength : 0;
    wanted.range = {touching + manner.style->low, touching + manner.style->middle,
                    touching + manner.style->high};
    wanted.bent = true;
  } else if (!own.empty()) {
    wanted.share = 1;
    wanted.range = range_of(std::move(own));
  }
  return wanted;
}

StyleSyncFormer::Stream::Stream(const StyleSyncFormer& former, Manner manner) {
  const Impl& m = *former.impl_;
  if (manner.own.rows() > 0 && manner.own.cols() != former.coefficient_count()) m.misfit_of_meshes();
  state_ = std::make_unique<State>();
  state_->former = &m;
  state_->own_mean = m.own_mean(manner.own);
  state_->manner = std::move(manner);
  state_->roll_out = m.roll_out.begin(state_->token());
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
  track.expression.rowwise() += state_->knows_own() ? state_->own_mean : m.own_mean_at(rest);
  const float touch = touching(m.lips, rest, rest_opening);
  const std::vector<bool> active = near_speech(speaking, track.expression.rows());
  if (state_->manner.style)
    match_tempo(m.lips, state_->manner.style->tempo, state_->manner.strength, active, &track.expression);
  match_range(m.lips, state_->wanted_range(touch), active, &track.expression);
  shut_lips(m.lips, out.shut, touch, &track.expression);
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
    const float weight = smooth_step(float(1 - outside / kEase), 0, 1);
    row = weight * row + (1 - weight) * rest.transpose();
  }
  return out;
}

}  // namespace resyncer::motion
