#include <algorithm>
#include <cmath>
#include <optional>

#include "motion_dataset.h"
#include "resyncer/core/error.h"
#include "resyncer/motion/rest_pose.h"
#include "resyncer/motion/sync_former.h"
#include "resyncer/speech/encoder.h"
#include "resyncer/speech/features.h"
#include "resyncer/train/motion.h"

namespace resyncer::train {

namespace {
constexpr int kMostLag = 3;          // frames
constexpr float kSeen = 0.3F;        // confidence from which a frame counts
constexpr std::size_t kFewest = 15;  // frames that a correlation needs

std::optional<double> correlation(const std::vector<double>& a, const std::vector<double>& b) {
  double n = double(a.size()), ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
  if (a.size() < kFewest) return std::nullopt;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ma += a[i] / n;
    mb += b[i] / n;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
    ab += (a[i] - ma) * (b[i] - mb);
  }
  if (bb / n < 1e-6) return std::nullopt;  // the real mouth does not move: nothing to follow
  return aa > 0 ? ab / std::sqrt(aa * bb) : 0;
}

// Best correlation over the lags, of frames where the face was seen.
std::optional<double> follow(const std::vector<double>& predicted, const float* real, const float* confidence,
                             std::int64_t frames) {
  std::optional<double> best;
  auto count = std::min(frames, std::int64_t(predicted.size()));
  for (std::int64_t lag = -kMostLag; lag <= kMostLag; ++lag) {
    std::vector<double> a, b;
    for (std::int64_t t = 0; t < count; ++t) {
      if (t + lag < 0 || t + lag >= count || confidence[t] < kSeen) continue;
      a.push_back(predicted[std::size_t(t + lag)]);
      b.push_back(double(real[t]));
    }
    auto c = correlation(a, b);
    if (c && (!best || *c > *best)) best = c;
  }
  return best;
}

std::vector<double> openness(const mesh::FaceModel& face, const motion::Coefficients& meshes) {
  const Eigen::VectorXf identity = Eigen::VectorXf::Zero(face.identity_count());
  Eigen::VectorXf expression = Eigen::VectorXf::Zero(face.expression_count());
  std::vector<double> out;
  for (Eigen::Index t = 0; t < meshes.rows(); ++t) {
    expression.head(meshes.cols()) = meshes.row(t).transpose();
    out.push_back(double(mesh::lip_openness(mesh::control_vertices(face, identity, expression))));
  }
  return out;
}

double deviation(const std::vector<double>& values, const float* confidence) {
  double n = 0, sum = 0, squares = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    if (confidence[t] < kSeen) continue;
    n += 1, sum += values[t], squares += values[t] * values[t];
  }
  return n > 0 ? std::sqrt(std::max(0.0, squares / n - sum / n * sum / n)) : 0;
}

core::FeatureSequence mel_of(const MotionDataset& data, const MotionClip& clip) {
  // As long as the meshes: 4 mel frames each, silence where the sound is shorter.
  core::FeatureSequence mel{int(4 * clip.frames), speech::kMelBands, speech::kMelRate, {}};
  mel.values.assign(std::size_t(mel.frames) * speech::kMelBands, speech::kMelSilence);
  auto rows = std::min<std::int64_t>(clip.mel_frames, mel.frames);
  std::copy_n(data.mel.begin() + clip.mel_start * speech::kMelBands, rows * speech::kMelBands,
              mel.values.begin());
  return mel;
}
}  // namespace

MotionFigure measure_motion(const std::filesystem::path& weights,
                            const std::vector<std::filesystem::path>& datasets, const mesh::FaceModel& face) {
  MotionDataset data = load_motion_datasets(datasets, face.speech_count, MelForm::raw);
  speech::SpeechEncoder encoder(weights);
  motion::StyleSyncFormer former(weights);
  const Eigen::VectorXf parting = former.lips_parting();
  MotionFigure figure;
  figure.per_file.assign(datasets.size(), 0);
  std::vector<int> counts(datasets.size(), 0);
  for (const MotionClip& clip : data.clips) {
    Eigen::Map<const motion::Coefficients> all(data.expression.data() + clip.start * data.coefficients,
                                               clip.frames, data.coefficients);
    const float* confidence = data.confidence.data() + clip.start;
    motion::Coefficients style(0, data.coefficients);
    for (std::int64_t t = 0; t < clip.frames; ++t) {
      if (confidence[t] < kSeen) continue;
      style.conservativeResize(style.rows() + 1, Eigen::NoChange);
      style.bottomRows(1) = all.row(t);
    }
    auto mel = mel_of(data, clip);
    const std::vector<double> own = openness(face, style);
    const Eigen::VectorXf rest = motion::rest_pose(style, {own.begin(), own.end()}, parting);
    const auto rest_opening = float(openness(face, motion::Coefficients(rest.transpose())).front());
    auto track = former.predict(encoder.encode(mel), style, speech::SpeechEncoder::speech_gate(mel), rest,
                                rest_opening);
    auto predicted = openness(face, track.expression);
    const float* real = data.openness.data() + clip.start;
    auto value = follow(predicted, real, confidence, clip.frames);
    if (!value) continue;
    figure.amplitude.push_back(deviation(predicted, confidence) /
                               deviation({real, real + predicted.size()}, confidence));
    figure.clips.push_back(clip.name);
    figure.per_clip.push_back(*value);
    figure.per_file[std::size_t(clip.file)] += *value;
    ++counts[std::size_t(clip.file)];
  }
  double files = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    figure.per_file[i] /= std::max(counts[i], 1);
    figure.mean += figure.per_file[i];
    files += counts[i] > 0 ? 1 : 0;
  }
  figure.mean /= std::max(files, 1.0);
  return figure;
}

}  // namespace resyncer::train
