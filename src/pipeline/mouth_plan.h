// What the mouth does in every frame: the source's own face with the speech part of its expression replaced.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <vector>

#include "resyncer/core/audio.h"
#include "resyncer/mesh/face_model.h"
#include "resyncer/motion/sync_former.h"
#include "resyncer/pipeline/analysis.h"

namespace resyncer::pipeline {

// Where the speaker's mouth goes when nobody speaks (motion/rest_pose.h).
struct RestingMouth {
  Eigen::VectorXf mesh;  // speech_count coefficients
  float opening = 0;     // of the lips, on that person's face (mesh::lip_openness)
};
// `weights`: of motion, which know how lips part. Throws Error{model}.
RestingMouth rest_pose(const mesh::FaceModel& model, const FittedFace& face,
                       const std::filesystem::path& weights);

// The speaker's own motion at 25 Hz, as the style window. Empty (the mean style) when there are too few
// frames to tell, or the mouth hardly moves in them.
motion::Coefficients style_window(const mesh::FaceModel& model, const Analysis& analysis,
                                  const FittedFace& face);

// Speech file -> mel -> features -> Style-SyncFormer. Streams the file; throws Error{input, model}.
motion::MotionTrack predict_motion(const std::filesystem::path& speech, const std::filesystem::path& weights,
                                   const motion::Coefficients& style, const RestingMouth& rest);

// The same for speech in memory, mono at 16 000 Hz.
motion::MotionTrack predict_motion(const core::AudioClip& speech, const std::filesystem::path& weights,
                                   const motion::Coefficients& style, const RestingMouth& rest);

// How long the motion of a speech file is, without predicting it. Streams the file; throws Error{input}.
double motion_seconds(const std::filesystem::path& speech);

// Lip opening of that mouth (mesh::lip_openness, speech_count coefficients).
float mouth_openness(const mesh::FaceModel& model, const FittedFace& face, const Eigen::VectorXf& mouth);

// Expression of a frame: `mouth` (speech_count) in the place of the source's.
Eigen::VectorXf with_mouth(const Eigen::VectorXf& source, const Eigen::VectorXf& mouth);

}  // namespace resyncer::pipeline
