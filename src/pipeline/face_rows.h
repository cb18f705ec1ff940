// Pictures and meshes of fitted faces as the trainers of the generator want them: files of kind "faces"
// (include/resyncer/pipeline/prepare.h says what is in them).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "resyncer/core/tensor_file.h"
#include "resyncer/media/video_frame.h"
#include "resyncer/pipeline/analysis.h"

namespace resyncer::pipeline {

// Columns of the dataset; one row a picture.
struct FaceRows {
  std::vector<std::uint8_t> crops, lends;  // lends: empty, or one a row
  std::vector<float> target, neutral, wide_open, expression, angles, seconds, openness, sharpness;
  std::vector<std::int32_t> clip;
};

// Moves all rows of `from` behind those of `to`.
void take(FaceRows* from, FaceRows* to);

// Frames that are well seen and well fitted: reprojection error of at most `max_error` outer-eye distances.
std::vector<int> well_fitted(const Analysis& analysis, const FittedFace& face, const mesh::FaceModel& model,
                             float max_error);

class RowMaker {
 public:
  RowMaker(const mesh::FaceModel& model, int side) : model_(model), side_(side) {}

  // `start`: of the file on the clip's time axis, s. The face must have been found in the frame.
  void add(const Analysis& analysis, const FittedFace& face, int frame, int clip, double start,
           const media::VideoFrame& picture, const core::Affine2& upright_from_stored, FaceRows* out);

 private:
  const mesh::FaceModel& model_;
  int side_;
  core::ImageU8 scratch_, crop_;
};

// The file that holds these rows. `model_version` names the face model.
core::TensorFileWriter faces_file(FaceRows rows, int side, const mesh::FaceModel& model,
                                  const std::string& model_version);

}  // namespace resyncer::pipeline
