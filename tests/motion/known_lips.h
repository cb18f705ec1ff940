// The committed face model, somebody's face, and mouths that are like those of speech.
#pragma once

#include <random>

#include "resyncer/mesh/face_model.h"

namespace resyncer::motion {

inline const mesh::FaceModel& face_model() {
  static const mesh::FaceModel model =
      mesh::load_face_model(RESYNCER_SOURCE_DIR "/models/face-model.safetensors");
  return model;
}

inline Eigen::VectorXf somebody(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  return Eigen::VectorXf::NullaryExpr(face_model().identity_count(), [&] { return normal(random); });
}

// The jaw at `drop` of its way, and the rest of the mouth anyhow.
inline Eigen::VectorXf mouth_with(float drop, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.3F);
  const int count = face_model().speech_count;
  Eigen::VectorXf mouth = Eigen::VectorXf::NullaryExpr(count, [&] { return normal(random); });
  return mouth + drop * face_model().wide_open.head(count);
}

}  // namespace resyncer::motion
