// A "faces" file of people made of the face model: a painted skin over the mesh, a dark mouth, nodding and
// talking.
#pragma once

#include <cmath>
#include <filesystem>

#include "resyncer/core/tensor_file.h"
#include "resyncer/generator/guidance.h"
#include "resyncer/mesh/camera.h"

namespace resyncer::train {

struct SyntheticFaces {
  int side = 64, clips = 2, frames = 6;
  double interval = 1;  // s between the frames of a clip
};

inline mesh::FaceModel shipped_face_model() {
  return mesh::load_face_model(std::filesystem::path(RESYNCER_SOURCE_DIR) / "models/face-model.safetensors");
}

// The skin is a pattern in UV space, so that warped references match wherever the fit is right.
inline core::ImageU8 paint_synthetic_face(const mesh::FaceModel& model, const mesh::Vertices& dense, int side,
                                          int person) {
  mesh::Raster raster;
  core::ImageF uv;
  mesh::rasterize(model, dense, side, side, &raster);
  mesh::interpolate(model, raster, model.uv, &uv);
  core::ImageU8 picture(side, side, 3);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      int triangle = raster.triangle.at(x, y);
      bool mouth = triangle >= 0 && model.regions[std::size_t(triangle)] == mesh::Region::mouth;
      for (int c = 0; c < 3; ++c) {
        double phase = 2.0 * person + 1.3 * c, value = 60 + 0.3 * x;
        if (mouth)
          value = 25 + 15 * c;
        else if (triangle >= 0)
          value = 140 + 50 * std::sin(40.0 * double(uv.at(x, y, 0)) + phase) *
                            std::cos(33.0 * double(uv.at(x, y, 1)) + phase);
        picture.at(x, y, c) = std::uint8_t(value);
      }
    }
  return picture;
}

inline void write_synthetic_faces(const std::filesystem::path& path, const mesh::FaceModel& model,
                                  const SyntheticFaces& faces) {
  const int count = faces.clips * faces.frames, controls = model.control_count(),
            k = model.expression_count();
  std::vector<std::uint8_t> crops;
  std::vector<float> shapes[3], expressions, angles, seconds, openness, sharpness;
  std::vector<std::int32_t> clips;
  for (int i = 0; i < count; ++i) {
    int person = i / faces.frames, frame = i % faces.frames;
    Eigen::VectorXf identity = Eigen::VectorXf::Zero(model.identity_count());
    if (identity.size() > 0) identity(0) = person % 2 == 0 ? 0.7F : -0.7F;
    float open = 0.5F + 0.5F * float(std::sin(1.7 * frame + person));
    mesh::FaceParams params;
    params.expression = open * model.wide_open;
    params.camera_from_head.translation() = Eigen::Vector3f(0, 0, 100);
    Eigen::Matrix3f towards_camera = Eigen::Vector3f(1, -1, -1).asDiagonal();
    params.camera_from_head.linear() =
        towards_camera *
        Eigen::AngleAxisf(0.15F * float(std::sin(frame)), Eigen::Vector3f::UnitY()).toRotationMatrix();
    mesh::Camera camera{12.F * float(faces.side), 1.5F * float(faces.side), 1.5F * float(faces.side)};
    auto in_frame = [&](const Eigen::VectorXf& expression) {
      return mesh::project(mesh::control_vertices(model, identity, expression), params.camera_from_head,
                           camera);
    };
    mesh::Vertices neutral = in_frame(Eigen::VectorXf::Zero(k));
    core::Affine2 map = generator::crop_from_frame(neutral, faces.side);
    const mesh::Vertices all[3] = {generator::transform(in_frame(params.expression), map),
                                   generator::transform(neutral, map),
                                   generator::transform(in_frame(model.wide_open), map)};
    for (int s = 0; s < 3; ++s)
      shapes[s].insert(shapes[s].end(), all[s].data(), all[s].data() + all[s].size());
    core::ImageU8 picture =
        paint_synthetic_face(model, mesh::dense_vertices(model, all[0]), faces.side, person);
    crops.insert(crops.end(), picture.data.begin(), picture.data.end());
    expressions.insert(expressions.end(), params.expression.data(), params.expression.data() + k);
    Eigen::Vector3f head = mesh::head_angles(params.camera_from_head);
    angles.insert(angles.end(), head.data(), head.data() + 3);
    seconds.push_back(float(faces.interval * frame));
    openness.push_back(open);
    sharpness.push_back(1);
    clips.push_back(person);
  }
  core::TensorFileWriter writer;
  writer.set_meta("kind", "faces");
  writer.set_meta("side", std::to_string(faces.side));
  writer.add("crops", core::DType::u8, {count, faces.side, faces.side, 3}, crops.data());
  writer.add("target", {count, controls, 3}, shapes[0]);
  writer.add("neutral", {count, controls, 3}, shapes[1]);
  writer.add("wide_open", {count, controls, 3}, shapes[2]);
  writer.add("expression", {count, k}, expressions);
  writer.add("angles", {count, 3}, angles);
  writer.add("seconds", {count}, seconds);
  writer.add("openness", {count}, openness);
  writer.add("sharpness", {count}, sharpness);
  writer.add("clip", core::DType::i32, {count}, clips.data());
  writer.write(path);
}

}  // namespace resyncer::train
