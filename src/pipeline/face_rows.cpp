#include "face_rows.h"

#include <algorithm>

#include "resyncer/generator/guidance.h"
#include "resyncer/pipeline/reference_bank.h"

namespace resyncer::pipeline {

namespace {

void append(std::vector<float>* to, const mesh::Vertices& vertices) {
  to->insert(to->end(), vertices.data(), vertices.data() + vertices.size());
}

template <typename Vector>
void append_vector(std::vector<float>* to, const Vector& values) {
  to->insert(to->end(), values.data(), values.data() + values.size());
}

// Mean distance of the model from the observation in outer-eye distances, without the jaw line, which slides
// with the view.
float reprojection_error(const mesh::Vertices& projected, const core::Landmarks& seen) {
  float sum = 0;
  for (int i = 17; i < core::kLandmarks; ++i)
    sum += (projected.row(i).head<2>().transpose() - seen[std::size_t(i)]).norm();
  return sum / float(core::kLandmarks - 17) / std::max(1.F, core::inter_ocular_distance(seen));
}

mesh::Vertices projected(const mesh::FaceModel& model, const FittedFace& face, const mesh::FaceParams& params,
                         const Eigen::VectorXf& expression) {
  return mesh::project(mesh::control_vertices(model, face.identity, expression), params.camera_from_head,
                       face.camera);
}

template <typename T>
void move_behind(std::vector<T>* from, std::vector<T>* to) {
  to->insert(to->end(), from->begin(), from->end());
  std::vector<T>().swap(*from);
}
}  // namespace

void take(FaceRows* from, FaceRows* to) {
  move_behind(&from->crops, &to->crops), move_behind(&from->lends, &to->lends);
  for (auto column : {&FaceRows::target, &FaceRows::neutral, &FaceRows::wide_open, &FaceRows::expression,
                      &FaceRows::angles, &FaceRows::seconds, &FaceRows::openness, &FaceRows::sharpness})
    move_behind(&(from->*column), &(to->*column));
  move_behind(&from->clip, &to->clip);
}

std::vector<int> well_fitted(const Analysis& analysis, const FittedFace& face, const mesh::FaceModel& model,
                             float max_error) {
  constexpr float kMinScore = 0.5F, kFullWeight = 0.99F;
  std::vector<int> out;
  for (std::size_t i = 0; i < face.frames.size(); ++i) {
    const core::FaceObservation* seen = face.smoothed(analysis, std::int64_t(i));
    if (!face.frames[i] || seen == nullptr || seen->score < kMinScore || face.weight[i] < kFullWeight)
      continue;
    const mesh::FaceParams& params = *face.frames[i];
    if (reprojection_error(projected(model, face, params, params.expression), seen->landmarks) <= max_error)
      out.push_back(int(i));
  }
  return out;
}

void RowMaker::add(const Analysis& analysis, const FittedFace& face, int frame, int clip, double start,
                   const media::VideoFrame& picture, const core::Affine2& upright_from_stored,
                   FaceRows* out) {
  const mesh::FaceParams& params = *face.frames[std::size_t(frame)];
  Eigen::VectorXf still = Eigen::VectorXf::Zero(params.expression.size());
  mesh::Vertices neutral = projected(model_, face, params, still);
  core::Affine2 crop_from_frame = generator::crop_from_frame(neutral, side_);
  take_crop(picture, upright_from_stored, crop_from_frame, side_, &scratch_, &crop_);
  out->crops.insert(out->crops.end(), crop_.data.begin(), crop_.data.end());
  auto in_crop = [&](const Eigen::VectorXf& expression) {
    return generator::transform(projected(model_, face, params, expression), crop_from_frame);
  };
  append(&out->target, in_crop(params.expression));
  append(&out->neutral, generator::transform(neutral, crop_from_frame));
  append(&out->wide_open, in_crop(model_.wide_open));
  append_vector(&out->expression, params.expression);
  append_vector(&out->angles, mesh::head_angles(params.camera_from_head));
  out->seconds.push_back(float(start + analysis.centre_seconds(frame)));
  const core::FaceObservation* seen = face.raw(analysis, frame);
  if (seen == nullptr) seen = face.smoothed(analysis, frame);
  out->openness.push_back(core::mouth_openness(seen->landmarks));
  core::Landmarks in_crop_px;
  for (std::size_t i = 0; i < in_crop_px.size(); ++i) in_crop_px[i] = crop_from_frame * seen->landmarks[i];
  out->sharpness.push_back(mouth_sharpness(crop_, in_crop_px));
  out->clip.push_back(clip);
}

core::TensorFileWriter faces_file(FaceRows rows, int side, const mesh::FaceModel& model,
                                  const std::string& model_version) {
  const auto n = std::int64_t(rows.clip.size());
  const std::int64_t vertices = model.control_count();
  core::TensorFileWriter writer;
  writer.set_meta("kind", "faces");
  writer.set_meta("side", std::to_string(side));
  writer.set_meta("model", model_version);
  writer.add("crops", core::DType::u8, {n, side, side, 3}, rows.crops.data());
  std::vector<std::uint8_t>().swap(rows.crops);  // not twice in memory
  writer.add("target", {n, vertices, 3}, rows.target);
  writer.add("neutral", {n, vertices, 3}, rows.neutral);
  writer.add("wide_open", {n, vertices, 3}, rows.wide_open);
  writer.add("expression", {n, model.expression_count()}, rows.expression);
  writer.add("angles", {n, 3}, rows.angles);
  writer.add("seconds", {n}, rows.seconds);
  writer.add("openness", {n}, rows.openness);
  writer.add("sharpness", {n}, rows.sharpness);
  writer.add("clip", core::DType::i32, {n}, rows.clip.data());
  if (!rows.lends.empty()) writer.add("lends", core::DType::u8, {n}, rows.lends.data());
  return writer;
}

}  // namespace resyncer::pipeline
