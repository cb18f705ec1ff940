#include "pipeline/film_strip.h"

#include <algorithm>

#include "pipeline/picture_file.h"
#include "resyncer/mesh/raster.h"
#include "resyncer/pipeline/reference_bank.h"

namespace resyncer::pipeline {

namespace {

constexpr int kMoments = 8;
constexpr int kCell = 320;        // px
constexpr float kZoomOut = 0.8F;  // the view is wider than the generator's crop

void place(const core::ImageU8& cell, int column, int row, core::ImageU8* sheet) {
  if (cell.empty()) return;
  for (int y = 0; y < kCell; ++y)
    std::copy_n(cell.row(y), 3 * kCell, sheet->row(row * kCell + y) + 3 * column * kCell);
}

core::Affine2 view_of(const Scene& scene, const FrameTask& task) {
  return face_view(frame_meshes(scene, task).neutral, kCell);
}

}  // namespace

core::Affine2 face_view(const mesh::Vertices& neutral, int side) {
  const auto width = float(side);
  const core::Point2 middle(width / 2, width / 2);
  core::Affine2 zoom = core::Affine2::Identity();
  zoom.translate(middle).scale(kZoomOut).translate(core::Point2(0, 0.12F * width) - middle);
  return zoom * generator::crop_from_frame(neutral, side);
}

FilmStrip::FilmStrip(const std::vector<float>& weights) {
  std::vector<std::int64_t> painted, faded;
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (weights[i] > 0) (weights[i] >= 1 ? painted : faded).push_back(std::int64_t(i));
  if (painted.empty()) painted = std::move(faded);
  for (std::size_t k = 0; k < kMoments && !painted.empty(); ++k)
    moments_.push_back(painted[painted.size() * (2 * k + 1) / (2 * kMoments)]);
}

bool FilmStrip::wants(std::int64_t frame) const {
  return std::binary_search(moments_.begin(), moments_.end(), frame);
}

void FilmStrip::before(const Scene& scene, const FrameTask& task, const media::VideoFrame& frame,
                       Column* column) {
  core::Affine2 view = view_of(scene, task);
  core::ImageU8 scratch;
  take_crop(frame, scene.upright_from_stored, view, kCell, &scratch, &column->source);
  mesh::Vertices dense =
      mesh::dense_vertices(*scene.model, generator::transform(frame_meshes(scene, task).target, view));
  mesh::Raster raster;
  core::ImageF white;
  mesh::rasterize(*scene.model, dense, kCell, kCell, &raster);
  mesh::shade(*scene.model, dense, raster, &white);
  column->mesh = core::ImageU8(kCell, kCell, 3);
  for (std::size_t i = 0; i < white.data.size(); ++i)
    std::fill_n(column->mesh.data.begin() + std::ptrdiff_t(3 * i), 3, std::uint8_t(255.F * white.data[i]));
}

void FilmStrip::after(const Scene& scene, const FrameTask& task, const media::VideoFrame& frame,
                      Column* column) {
  core::ImageU8 scratch;
  take_crop(frame, scene.upright_from_stored, view_of(scene, task), kCell, &scratch, &column->result);
}

void FilmStrip::write(const std::filesystem::path& path) const {
  core::ImageU8 sheet(kCell * std::max(1, int(columns_.size())), 3 * kCell, 3, 40);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    place(columns_[i].source, int(i), 0, &sheet);
    place(columns_[i].mesh, int(i), 1, &sheet);
    place(columns_[i].result, int(i), 2, &sheet);
  }
  write_picture(sheet, path);
}

}  // namespace resyncer::pipeline
