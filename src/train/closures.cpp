#include "resyncer/train/closures.h"

#include <torch/torch.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>

#include "motion_dataset.h"
#include "resyncer/core/error.h"
#include "resyncer/nets/sync_former.h"
#include "resyncer/speech/encoder.h"
#include "resyncer/speech/features.h"

namespace resyncer::train {

namespace {
constexpr int kIterations = 12;  // Newton's; it converges in eight
constexpr double kTold = 0.2;    // probability from which a row is told to be shut

// Rows of one clip whose closures are known: the two features of each and 1.
struct Rows {
  Eigen::MatrixXd inputs;  // rows x (2 audio + 1)
  Eigen::VectorXd shut;
};

Rows rows_of(const MotionDataset& data, const MotionClip& clip, const speech::SpeechEncoder& encoder) {
  core::FeatureSequence mel{int(clip.mel_frames), speech::kMelBands, speech::kMelRate, {}};
  const auto* first = data.mel.data() + clip.mel_start * speech::kMelBands;
  mel.values.assign(first, first + clip.mel_frames * speech::kMelBands);
  const core::FeatureSequence features = encoder.encode(mel);
  const auto count = std::min<Eigen::Index>(clip.frames, features.frames / 2),
             dims = Eigen::Index(features.dims);
  Rows rows{Eigen::MatrixXd::Ones(count, 2 * dims + 1), Eigen::VectorXd(count)};
  using Features = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  rows.inputs.leftCols(2 * dims) =
      Eigen::Map<const Features>(features.values.data(), count, 2 * dims).cast<double>();
  rows.shut = Eigen::Map<const Eigen::VectorXf>(data.shut.data() + clip.start, count).cast<double>();
  return rows;
}

// First and last row of every run of shut rows: a bilabial.
template <typename Row>
std::vector<std::array<Eigen::Index, 2>> bilabials(const Row* shut, Eigen::Index count) {
  std::vector<std::array<Eigen::Index, 2>> runs;
  for (Eigen::Index t = 0; t < count; ++t) {
    if (shut[t] <= 0) continue;
    if (runs.empty() || runs.back()[1] + 1 < t) runs.push_back({t, t});
    runs.back()[1] = t;
  }
  return runs;
}

bool is_known(const MotionDataset& data, const MotionClip& clip) {
  return data.shut[std::size_t(clip.start)] >= 0;
}

std::vector<Rows> all_rows(const MotionDataset& data, const speech::SpeechEncoder& encoder) {
  std::vector<Rows> out;
  for (const MotionClip& clip : data.clips)
    if (is_known(data, clip)) out.push_back(rows_of(data, clip, encoder));
  return out;
}

// How lips part before and after they meet: least squares of the displacement of meshes, three and four rows
// away from the most shut one of a bilabial, against their opening. Scaled to an opening of 1; zeros where
// no lips part.
Eigen::VectorXf parting_of(const MotionDataset& data, const Eigen::VectorXf& opening) {
  Eigen::VectorXf sum = Eigen::VectorXf::Zero(data.coefficients);
  for (const MotionClip& clip : data.clips) {
    if (!is_known(data, clip)) continue;
    using Meshes = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Eigen::Map<const Meshes> meshes(data.expression.data() + clip.start * data.coefficients,
                                          clip.frames, data.coefficients);
    const Eigen::VectorXf openings = meshes * opening;
    for (const auto& [first, last] : bilabials(data.shut.data() + clip.start, clip.frames)) {
      Eigen::Index met = 0;
      const Eigen::Index from = std::max<Eigen::Index>(first - 1, 0),
                         to = std::min(last + 1, clip.frames - 1);
      openings.segment(from, to - from + 1).minCoeff(&met);
      met += from;
      for (Eigen::Index other : {met - 4, met - 3, met + 3, met + 4})
        if (other >= 0 && other < clip.frames)
          sum += (openings[other] - openings[met]) * (meshes.row(other) - meshes.row(met)).transpose();
    }
  }
  const float opens = sum.dot(opening);
  return opens > 0 ? Eigen::VectorXf(sum / opens) : Eigen::VectorXf::Zero(sum.size());
}

Eigen::VectorXf values_of(const torch::Tensor& t) {
  return Eigen::Map<const Eigen::VectorXf>(t.data_ptr<float>(), t.numel());
}

void copy_to(const Eigen::VectorXf& values, const torch::Tensor& t) {
  std::copy_n(values.data(), t.numel(), t.data_ptr<float>());
}

Eigen::VectorXd probabilities(const Rows& rows, const Eigen::VectorXd& weights) {
  return (1 + (-(rows.inputs * weights).array()).exp()).inverse();
}

// Newton's method on the ridged likelihood; the bias is free.
Eigen::VectorXd fit(const std::vector<Rows>& clips, double ridge) {
  const Eigen::Index size = clips.front().inputs.cols();
  Eigen::VectorXd weights = Eigen::VectorXd::Zero(size), pull = Eigen::VectorXd::Constant(size, ridge);
  pull[size - 1] = 1e-6;
  for (int i = 0; i < kIterations; ++i) {
    Eigen::VectorXd gradient = pull.cwiseProduct(weights);
    Eigen::MatrixXd curvature = pull.asDiagonal();
    for (const Rows& clip : clips) {
      const Eigen::VectorXd p = probabilities(clip, weights);
      gradient += clip.inputs.transpose() * (p - clip.shut);
      curvature +=
          clip.inputs.transpose() * p.cwiseProduct((1 - p.array()).matrix()).asDiagonal() * clip.inputs;
    }
    weights -= curvature.ldlt().solve(gradient);
  }
  return weights;
}

ClosureFigure measure(const std::vector<Rows>& clips, const Eigen::VectorXd& weights) {
  ClosureFigure figure;
  for (const Rows& clip : clips) {
    const Eigen::VectorXd p = probabilities(clip, weights);
    const Eigen::Index count = p.size();
    auto any = [&](const Eigen::VectorXd& v, Eigen::Index from, Eigen::Index to, double above) {
      from = std::max<Eigen::Index>(from, 0), to = std::min(to, count - 1);
      return (v.segment(from, to - from + 1).array() > above).any();
    };
    for (const auto& [first, last] : bilabials(clip.shut.data(), count)) {
      ++figure.bilabials;
      figure.found += any(p, first - 1, last + 1, kTold) ? 1 : 0;
    }
    for (Eigen::Index t = 0; t < count; ++t) {
      if (any(clip.shut, t - 1, t + 1, 0)) continue;
      ++figure.rows;
      figure.false_rows += p[t] > kTold ? 1 : 0;
    }
  }
  return figure;
}
}  // namespace

ClosureFigure train_closures(const ClosureTrainOptions& options, const mesh::FaceModel& face) {
  const auto load = [&](const std::vector<std::filesystem::path>& files) {
    return load_motion_datasets(files, face.speech_count, MelForm::raw);
  };
  const speech::SpeechEncoder encoder(options.weights);
  const MotionDataset data = load(options.datasets);
  const std::vector<Rows> clips = all_rows(data, encoder);
  if (clips.empty())
    throw core::Error(core::ErrorKind::input, "the datasets do not know when /p b m/ are spoken", "",
                      "make them with resyncer prepare motion --phones FILE");
  const Eigen::VectorXd weights = fit(clips, options.ridge);
  nets::MotionNetworks networks = nets::load_motion_networks(options.weights);
  if (networks.former->config().coefficients != face.speech_count)
    throw core::Error(core::ErrorKind::model, "the motion model is of another face model",
                      options.weights.string(), "use models of one release together");
  copy_to(weights.cast<float>(), networks.former->closure);
  copy_to(parting_of(data, values_of(networks.former->opening)), networks.former->parting);
  nets::save_motion_networks(options.output, networks);
  return measure(options.held_out.empty() ? clips : all_rows(load(options.held_out), encoder), weights);
}

}  // namespace resyncer::train
