#include "resyncer/train/closures.h"

#include <torch/torch.h>

#include <Eigen/Cholesky>
#include <algorithm>

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

std::vector<Rows> all_rows(const std::vector<std::filesystem::path>& files, const mesh::FaceModel& face,
                           const speech::SpeechEncoder& encoder) {
  std::vector<Rows> out;
  if (files.empty()) return out;
  const MotionDataset data = load_motion_datasets(files, face.speech_count, MelForm::raw);
  for (const MotionClip& clip : data.clips)
    if (data.shut[std::size_t(clip.start)] >= 0) out.push_back(rows_of(data, clip, encoder));
  return out;
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
    for (Eigen::Index t = 0, end = 0; t < count; t = end + 1) {
      end = t;
      if (clip.shut[t] <= 0) {
        if (any(clip.shut, t - 1, t + 1, 0)) continue;
        ++figure.rows;
        figure.false_rows += p[t] > kTold ? 1 : 0;
        continue;
      }
      while (end + 1 < count && clip.shut[end + 1] > 0) ++end;
      ++figure.bilabials;
      figure.found += any(p, t - 1, end + 1, kTold) ? 1 : 0;
    }
  }
  return figure;
}
}  // namespace

ClosureFigure train_closures(const ClosureTrainOptions& options, const mesh::FaceModel& face) {
  const speech::SpeechEncoder encoder(options.weights);
  const std::vector<Rows> clips = all_rows(options.datasets, face, encoder);
  if (clips.empty())
    throw core::Error(core::ErrorKind::input, "the datasets do not know when /p b m/ are spoken", "",
                      "make them with resyncer prepare motion --phones FILE");
  const Eigen::VectorXd weights = fit(clips, options.ridge);
  nets::MotionNetworks networks = nets::load_motion_networks(options.weights);
  const Eigen::VectorXf values = weights.cast<float>();
  networks.former->closure.copy_(
      torch::from_blob(const_cast<float*>(values.data()), {values.size()}));  // NOLINT: only read
  nets::save_motion_networks(options.output, networks);
  return measure(options.held_out.empty() ? clips : all_rows(options.held_out, face, encoder), weights);
}

}  // namespace resyncer::train
