// dlib's HOG face detector (frontal, half turned, tilted views): searching whole frames, and scoring one
// face.
#pragma once

#include <memory>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "face_shape.h"
#include "resyncer/core/geometry.h"
#include "resyncer/core/image.h"

namespace resyncer::track {

// dlib's score: 0 is the detector's own threshold, clear faces reach 1 to 3.
struct Detection {
  FaceSquare square;  // px of the searched image; angle 0
  float score = 0;
};

constexpr float kNoFaceScore = -1.F;  // lowest score that is told apart

class FaceDetector {
 public:
  FaceDetector();
  ~FaceDetector();

  // Faces in the image resized by `resize` (the detector's window is 80 px there), best first.
  std::vector<Detection> search(const cv::Mat& gray, float resize, float min_score);

  // Score of the face that fills the centred box of `chip`; kNoFaceScore when there is none.
  float score(const core::ImageU8& chip, float box_left, float box_side);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace resyncer::track
