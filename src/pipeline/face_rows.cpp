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

// A face in the generator's crop of its frame.
struct Placed {
  const mesh::FaceModel& model;
  const Eigen::VectorXf& identity;
  const generator::MouthView& view;
  mesh::Vertices neutral;  // px of the frame
  core::Affine2 crop_from_frame;

  Placed(const mesh::FaceModel& face_model, const Eigen::VectorXf& person, const generator::MouthView& seen,
         int side)
      : model(face_model), identity(person), view(seen) {
    neutral = projected(Eigen::VectorXf::Zero(model.expression_count()));
    crop_from_frame = generator::crop_from_frame(neutral, side);
  }
  mesh::Vertices projected(const Eigen::VectorXf& expression) const {
    return mesh::project(mesh::control_vertices(model, identity, expression), view.params.camera_from_head,
                         view.camera);
  }
  mesh::Vertices in_crop(const Eigen::VectorXf& expression) const {
    return generator::transform(projected(expression), crop_from_frame);
  }
};

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
    const mesh::Vertices fitted =
        mesh::project(mesh::control_vertices(model, face.identity, params.expression),
                      params.camera_from_head, face.camera);
    if (reprojection_error(fitted, seen->landmarks) <= max_error) out.push_back(int(i));
  }
  return out;
}

void RowMaker::add(const Analysis& analysis, const FittedFace& face, int frame, int clip, double start,
                   const media::VideoFrame& picture, const core::Affine2& upright_from_stored,
                   FaceRows* out) {
  generator::MouthView view = mouth_view(model_, face, frame, start + analysis.centre_seconds(frame));
  take_crop(picture, upright_from_stored, view.picture_from_frame, generator::kMouthPicture, &scratch_,
            &view.picture);
  const Eigen::VectorXf expression = mouths_ != nullptr ? mouths_->align(view) : view.params.expression;
  const Placed placed(model_, face.identity, view, side_);
  take_crop(picture, upright_from_stored, placed.crop_from_frame, side_, &scratch_, &crop_);
  out->crops.insert(out->crops.end(), crop_.data.begin(), crop_.data.end());
  append(&out->target, placed.in_crop(expression));
  append(&out->neutral, generator::transform(placed.neutral, placed.crop_from_frame));
  append(&out->wide_open, placed.in_crop(model_.wide_open));
  append_vector(&out->expression, expression);
  append_vector(&out->angles, mesh::head_angles(view.params.camera_from_head));
  out->seconds.push_back(float(view.seconds));
  const core::FaceObservation* seen = face.raw(analysis, frame);
  if (seen == nullptr) seen = face.smoothed(analysis, frame);
  out->openness.push_back(core::mouth_openness(seen->landmarks));
  core::Landmarks in_crop_px;
  for (std::size_t i = 0; i < in_crop_px.size(); ++i)
    in_crop_px[i] = placed.crop_from_frame * seen->landmarks[i];
  out->sharpness.push_back(mouth_sharpness(crop_, in_crop_px));
  out->clip.push_back(clip);
  if (mouths_ == nullptr) views_.push_back(std::move(view));
}

void RowMaker::align_with_each_other(const Eigen::VectorXf& identity, FaceRows* rows) {
  const std::vector<generator::MouthView> views = std::move(views_);
  views_.clear();
  const generator::MouthAligner aligned(model_, identity, views);
  const std::size_t first = rows->clip.size() - views.size();
  for (std::size_t k = 0; k < views.size(); ++k) {
    const Eigen::VectorXf& expression = aligned.expression(k);
    const mesh::Vertices target = Placed(model_, identity, views[k], side_).in_crop(expression);
    std::copy(target.data(), target.data() + target.size(),
              rows->target.begin() + std::ptrdiff_t(first + k) * target.size());
    std::copy(expression.data(), expression.data() + expression.size(),
              rows->expression.begin() + std::ptrdiff_t(first + k) * expression.size());
  }
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
