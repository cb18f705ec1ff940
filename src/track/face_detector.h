// dlib's HOG face detector (frontal, half turned, tilted views): searching whole frames, and scoring one
// face.
#pragma once

#include <memory>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "resyncer/core/image.h"
#include "resyncer/track/face_search.h"

namespace resyncer::track {

constexpr float kFoundScore = 0.F;    // dlib's own threshold: from here on a detection starts a face
constexpr float kNoFaceScore = -1.F;  // lowest score that is told apart

class FaceDetector {
 public:
  FaceDetector();
  ~FaceDetector();

  // Faces of at least kFoundScore in the image resized by `resize` (the detector's window is 80 px there),
  // best first.
  std::vector<Detection> search(const cv::Mat& gray, float resize);

  // Score of the face that fills the centred box of `chip`; kNoFaceScore when there is none.
  float score(const core::ImageU8& chip, float box_left, float box_side);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace resyncer::track
