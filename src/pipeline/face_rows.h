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
  // `mouths`: what aligns the meshes of the rows; null: they stay as fitted to landmarks until
  // align_with_each_other.
  RowMaker(const mesh::FaceModel& model, int side, const generator::MouthAligner* mouths = nullptr)
      : model_(model), side_(side), mouths_(mouths) {}

  // `start`: of the file on the clip's time axis, s. The face must have been found in the frame.
  void add(const Analysis& analysis, const FittedFace& face, int frame, int clip, double start,
           const media::VideoFrame& picture, const core::Affine2& upright_from_stored, FaceRows* out);
  // The mouths of all rows since the last call, which are the last of `rows` and show one person.
  void align_with_each_other(const Eigen::VectorXf& identity, FaceRows* rows);

 private:
  const mesh::FaceModel& model_;
  int side_;
  const generator::MouthAligner* mouths_;
  std::vector<generator::MouthView> views_;  // of rows that are not aligned
  core::ImageU8 scratch_, crop_;
};

// The file that holds these rows. `model_version` names the face model.
core::TensorFileWriter faces_file(FaceRows rows, int side, const mesh::FaceModel& model,
                                  const std::string& model_version);

}  // namespace resyncer::pipeline
