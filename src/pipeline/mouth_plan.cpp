#include "pipeline/mouth_plan.h"

#include <algorithm>
#include <numeric>

#include "pipeline/speech_mel.h"
#include "resyncer/core/error.h"
#include "resyncer/motion/rest_pose.h"
#include "resyncer/pipeline/prepare.h"
#include "resyncer/speech/encoder.h"
#include "resyncer/speech/features.h"
#include "resyncer/speech/speech_gate.h"

namespace resyncer::pipeline {

namespace {

constexpr float kStill = 0.02F;  // deviation of the openness below which the clip shows no manner of speaking
constexpr std::size_t kMinStyle = 25;  // frames

std::vector<std::size_t> usable_frames(const FittedFace& face) {
  std::vector<std::size_t> frames;
  for (std::size_t i = 0; i < face.frames.size(); ++i)
    if (face.frames[i] && face.weight[i] > 0) frames.push_back(i);
  return frames;
}

bool is_still(const mesh::FaceModel& model, const FittedFace& face) {
  double n = 0, sum = 0, squares = 0;
  for (std::size_t i : usable_frames(face)) {
    double openness =
        mesh::lip_openness(mesh::control_vertices(model, face.identity, face.frames[i]->expression));
    n += 1;
    sum += openness;
    squares += openness * openness;
  }
  return squares / n - sum / n * sum / n < double(kStill) * kStill;
}

// Mel in pieces to motion: of the speech only the gate and the motion are kept.
class SpeechToMotion {
 public:
  SpeechToMotion(const std::filesystem::path& weights, const motion::Manner& manner)
      : encoder_(weights), former_(weights), encoding_(encoder_), motion_(former_, manner) {}

  void push(const core::FeatureSequence& mel) {
    gate_.push(mel);
    encoding_.push(mel, &features_);
    hand_on();
  }

  motion::MotionTrack finish(const RestingMouth& rest) {
    encoding_.finish(&features_);
    hand_on();
    return motion_.finish(gate_.finish(), rest.mesh, rest.opening);
  }

 private:
  void hand_on() {
    motion_.push(features_);
    features_.frames = 0;
    features_.values.clear();
  }

  speech::SpeechEncoder encoder_;
  motion::StyleSyncFormer former_;
  speech::SpeechEncoder::Stream encoding_;
  speech::SpeechGate gate_;
  motion::StyleSyncFormer::Stream motion_;
  core::FeatureSequence features_;
};

}  // namespace

RestingMouth rest_pose(const mesh::FaceModel& model, const FittedFace& face,
                       const std::filesystem::path& weights) {
  const std::vector<std::size_t> frames = usable_frames(face);
  motion::Coefficients meshes(Eigen::Index(frames.size()), model.speech_count);
  std::vector<float> openness;
  for (std::size_t i : frames) {
    const Eigen::VectorXf& expression = face.frames[i]->expression;
    meshes.row(Eigen::Index(openness.size())) = expression.head(model.speech_count).transpose();
    openness.push_back(mesh::lip_openness(mesh::control_vertices(model, face.identity, expression)));
  }
  const Eigen::VectorXf parting = motion::StyleSyncFormer(weights).lips_parting();
  if (parting.size() != meshes.cols())
    throw core::Error(core::ErrorKind::model, "the motion model is of another face model", weights.string(),
                      "use models of one release together");
  RestingMouth rest{motion::rest_pose(meshes, openness, parting), 0};
  rest.opening = mouth_openness(model, face, rest.mesh);
  return rest;
}

MotionRows motion_rows(const mesh::FaceModel& model, const Analysis& analysis, const FittedFace& face,
                       double start, double end) {
  std::vector<double> times;
  std::vector<const float*> values;
  for (std::int64_t i = 0; i < analysis.frame_count(); ++i) {
    const auto& params = face.frames[std::size_t(i)];
    times.push_back(analysis.centre_seconds(i));
    values.push_back(params ? params->expression.data() : nullptr);
  }
  const auto rows = std::size_t(std::max(0., end - start) * motion::kMotionRate);
  return resample_motion(times, values, face.weight, model.speech_count, start, rows);
}

namespace {

// Rows of the clip at 25 Hz in which the face is seen: meshes, and the opening of the lips in the picture.
struct SpeakingRows {
  motion::Coefficients meshes;
  std::vector<float> openings;
};

SpeakingRows speaking_rows(const mesh::FaceModel& model, const Analysis& analysis, const FittedFace& face) {
  const auto frames = std::size_t(analysis.frame_count());
  const double start = analysis.seconds(0), end = analysis.centre_seconds(analysis.frame_count() - 1);
  const MotionRows motion = motion_rows(model, analysis, face, start, end);
  std::vector<float> seen(frames, 0.F);
  std::vector<const float*> values(frames, nullptr);
  std::vector<double> times;
  for (std::size_t i = 0; i < frames; ++i) {
    times.push_back(analysis.centre_seconds(std::int64_t(i)));
    const core::FaceObservation* raw = face.raw(analysis, std::int64_t(i));
    if (raw == nullptr) continue;
    seen[i] = core::mouth_openness(raw->landmarks);
    values[i] = &seen[i];
  }
  const MotionRows lips = resample_motion(times, values, face.weight, 1, start, motion.confidence.size());
  SpeakingRows rows{motion::Coefficients(Eigen::Index(motion.confidence.size()), model.speech_count), {}};
  for (std::size_t r = 0; r < motion.confidence.size(); ++r) {
    if (motion.confidence[r] <= 0) continue;
    rows.meshes.row(Eigen::Index(rows.openings.size())) = Eigen::Map<const Eigen::RowVectorXf>(
        motion.values.data() + r * std::size_t(model.speech_count), model.speech_count);
    rows.openings.push_back(lips.values[r]);
  }
  rows.meshes.conservativeResize(Eigen::Index(rows.openings.size()), Eigen::NoChange);
  return rows;
}

bool shows_no_manner(const mesh::FaceModel& model, const FittedFace& face) {
  return usable_frames(face).size() < kMinStyle || is_still(model, face);
}

}  // namespace

motion::Coefficients style_window(const mesh::FaceModel& model, const Analysis& analysis,
                                  const FittedFace& face) {
  if (shows_no_manner(model, face)) return {};
  return speaking_rows(model, analysis, face).meshes;
}

motion::StyleFootage style_footage(const mesh::FaceModel& model, const Analysis& analysis,
                                   const FittedFace& face, const std::filesystem::path& weights,
                                   const std::filesystem::path& place) {
  const RestingMouth rest = rest_pose(model, face, weights);
  SpeakingRows rows{motion::Coefficients(0, model.speech_count), {}};
  if (!shows_no_manner(model, face)) rows = speaking_rows(model, analysis, face);
  return {std::move(rows.meshes), std::move(rows.openings), rest.mesh, rest.opening, place.string()};
}

motion::MotionTrack predict_motion(const std::filesystem::path& speech, const std::filesystem::path& weights,
                                   const motion::Manner& manner, const RestingMouth& rest) {
  SpeechToMotion to_motion(weights, manner);
  stream_mel(speech, [&](const core::FeatureSequence& mel) { to_motion.push(mel); });
  return to_motion.finish(rest);
}

motion::MotionTrack predict_motion(const core::AudioClip& speech, const std::filesystem::path& weights,
                                   const motion::Manner& manner, const RestingMouth& rest) {
  SpeechToMotion to_motion(weights, manner);
  to_motion.push(speech::mel_spectrogram(speech));
  return to_motion.finish(rest);
}

double motion_seconds(const std::filesystem::path& speech) {
  std::int64_t frames = 0;  // of mel, two of which make a feature, and two of these a mesh
  stream_mel(speech, [&](const core::FeatureSequence& mel) { frames += mel.frames; });
  const std::int64_t meshes = ((frames + 1) / 2 + 1) / 2;
  return double(meshes) / motion::kMotionRate;
}

float mouth_openness(const mesh::FaceModel& model, const FittedFace& face, const Eigen::VectorXf& mouth) {
  const Eigen::VectorXf expression = Eigen::VectorXf::Zero(model.expression_count());
  return mesh::lip_openness(mesh::control_vertices(model, face.identity, with_mouth(expression, mouth)));
}

Eigen::VectorXf with_mouth(const Eigen::VectorXf& source, const Eigen::VectorXf& mouth) {
  Eigen::VectorXf expression = source;
  expression.head(mouth.size()) = mouth;
  return expression;
}

}  // namespace resyncer::pipeline
