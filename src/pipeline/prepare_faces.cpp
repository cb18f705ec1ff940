#include <algorithm>
#include <cmath>

#include "prepare_groups.h"
#include "resyncer/core/error.h"
#include "resyncer/generator/guidance.h"
#include "resyncer/media/video_reader.h"

namespace resyncer::pipeline {

namespace {

// Columns of the dataset; one row a picture.
struct FaceRows {
  std::vector<std::uint8_t> crops;
  std::vector<float> target, neutral, wide_open, expression, angles, seconds, openness, sharpness;
  std::vector<std::int32_t> clip;

  void take(FaceRows* other) {
    append(&crops, &other->crops);
    append(&target, &other->target), append(&neutral, &other->neutral), append(&wide_open, &other->wide_open);
    append(&expression, &other->expression), append(&angles, &other->angles),
        append(&seconds, &other->seconds);
    append(&openness, &other->openness), append(&sharpness, &other->sharpness), append(&clip, &other->clip);
  }
};

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

// Well seen, well fitted frames.
std::vector<int> candidates(const FittedFile& file, const mesh::FaceModel& model, float max_error) {
  constexpr float kMinScore = 0.5F, kFullWeight = 0.99F;
  std::vector<int> out;
  for (std::size_t i = 0; i < file.face.frames.size(); ++i) {
    const core::FaceObservation* seen = file.face.smoothed(file.analysis, std::int64_t(i));
    if (!file.face.frames[i] || seen == nullptr || seen->score < kMinScore ||
        file.face.weight[i] < kFullWeight)
      continue;
    const mesh::FaceParams& params = *file.face.frames[i];
    if (reprojection_error(projected(model, file.face, params, params.expression), seen->landmarks) <=
        max_error)
      out.push_back(int(i));
  }
  return out;
}

// Seconds between the files of a group on its time axis: frames of two files, and two photographs, are never
// "the same moment".
constexpr double kFilesApart = 1000;

class RowMaker {
 public:
  RowMaker(const mesh::FaceModel& model, int side) : model_(model), side_(side) {}

  // `start`: of the file on the clip's time axis, s.
  void add(const FittedFile& file, int frame, int clip, double start, const media::VideoFrame& picture,
           const core::Affine2& upright_from_stored, FaceRows* out) {
    const FittedFace& face = file.face;
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
    out->seconds.push_back(float(start + file.analysis.centre_seconds(frame)));
    const core::FaceObservation* seen = face.raw(file.analysis, frame);
    if (seen == nullptr) seen = face.smoothed(file.analysis, frame);
    out->openness.push_back(core::mouth_openness(seen->landmarks));
    core::Landmarks in_crop_px;
    for (std::size_t i = 0; i < in_crop_px.size(); ++i) in_crop_px[i] = crop_from_frame * seen->landmarks[i];
    out->sharpness.push_back(mouth_sharpness(crop_, in_crop_px));
    out->clip.push_back(clip);
  }

 private:
  const mesh::FaceModel& model_;
  int side_;
  core::ImageU8 scratch_, crop_;
};

void add_file(const FittedFile& file, int clip, double start, const FacesOptions& options,
              const mesh::FaceModel& model, RowMaker* maker, FaceRows* out) {
  std::vector<Eigen::VectorXf> mouths(file.face.frames.size());
  for (std::size_t i = 0; i < mouths.size(); ++i)
    if (file.face.frames[i]) mouths[i] = file.face.frames[i]->expression.head(model.speech_count);
  std::vector<int> chosen =
      choose_diverse(mouths, candidates(file, model, options.max_error), options.frames_per_file);
  if (chosen.empty()) return;
  media::ReaderOptions reading;
  reading.threads = 1;
  media::VideoReader reader(file.file->path, reading);
  std::size_t next = 0;
  for (int frame = 0; next < chosen.size(); ++frame) {
    std::optional<media::VideoFrame> picture = reader.read();
    if (!picture) break;
    if (frame != chosen[next]) continue;
    maker->add(file, frame, clip, start, *picture, reader.upright_from_stored(), out);
    ++next;
  }
}

void write_faces(const FaceRows& rows, const FacesOptions& options, const mesh::FaceModel& model,
                 const std::string& model_version, const std::filesystem::path& out) {
  auto n = std::int64_t(rows.clip.size());
  std::int64_t side = options.side, vertices = model.control_count();
  core::TensorFileWriter writer;
  writer.set_meta("kind", "faces");
  writer.set_meta("side", std::to_string(side));
  writer.set_meta("model", model_version);
  writer.add("crops", core::DType::u8, {n, side, side, 3}, rows.crops.data());
  writer.add("target", {n, vertices, 3}, rows.target);
  writer.add("neutral", {n, vertices, 3}, rows.neutral);
  writer.add("wide_open", {n, vertices, 3}, rows.wide_open);
  writer.add("expression", {n, model.expression_count()}, rows.expression);
  writer.add("angles", {n, 3}, rows.angles);
  writer.add("seconds", {n}, rows.seconds);
  writer.add("openness", {n}, rows.openness);
  writer.add("sharpness", {n}, rows.sharpness);
  writer.add("clip", core::DType::i32, {n}, rows.clip.data());
  writer.write(out);
}

}  // namespace

std::vector<int> choose_diverse(const std::vector<Eigen::VectorXf>& rows, const std::vector<int>& candidates,
                                int count) {
  if (std::size_t(std::max(0, count)) >= candidates.size()) return candidates;
  if (count <= 0) return {};
  Eigen::VectorXf mean = Eigen::VectorXf::Zero(rows[std::size_t(candidates.front())].size());
  for (int i : candidates) mean += rows[std::size_t(i)];
  mean /= float(candidates.size());
  auto first = std::min_element(candidates.begin(), candidates.end(), [&](int a, int b) {
    return (rows[std::size_t(a)] - mean).squaredNorm() < (rows[std::size_t(b)] - mean).squaredNorm();
  });
  std::vector<int> chosen{*first};
  std::vector<float> away(candidates.size(), INFINITY);  // squared distance from the nearest chosen one
  while (chosen.size() < std::size_t(count)) {
    for (std::size_t k = 0; k < candidates.size(); ++k) {
      const auto& row = rows[std::size_t(candidates[k])];
      away[k] = std::min(away[k], (row - rows[std::size_t(chosen.back())]).squaredNorm());
      if (candidates[k] == chosen.back()) away[k] = -1;  // never again, even where all rows are equal
    }
    chosen.push_back(candidates[std::size_t(std::max_element(away.begin(), away.end()) - away.begin())]);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

PrepareReport prepare_faces(const PrepareOptions& options, const FacesOptions& faces,
                            const mesh::FaceModel& model, const std::string& model_version,
                            const std::filesystem::path& out) {
  std::vector<SourceGroup> groups = list_groups(options);
  std::vector<FaceRows> parts(groups.size());
  std::vector<float> errors(groups.size(), 0);
  GroupLoop loop(options, groups.size());
  loop.run(groups, [&](std::size_t g, Worker* worker) {
    RowMaker maker(model, faces.side);
    double start = 0;
    for (const FittedFile& file : fit_group(groups[g], options, model, &loop, worker)) {
      errors[g] = file.face.reprojection_error;
      add_file(file, int(g), start, faces, model, &maker, &parts[g]);
      start += kFilesApart;
    }
  });
  PrepareReport report;
  FaceRows rows;
  std::size_t used = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    report.files += groups[g].files.size();
    if (parts[g].clip.empty()) continue;
    report.mean_error += double(errors[g]);
    ++used;
    rows.take(&parts[g]);
  }
  report.skipped = loop.skipped();
  report.rows = rows.clip.size();
  if (used == 0) throw core::Error(core::ErrorKind::input, "no usable face was found in any of the files");
  report.mean_error /= double(used);
  write_faces(rows, faces, model, model_version, out);
  return report;
}

}  // namespace resyncer::pipeline
