// --preview: a PNG with three rows, source, white mesh and result, at eight moments of the video.
#pragma once

#include <filesystem>
#include <vector>

#include "pipeline/frame_painter.h"

namespace resyncer::pipeline {

// The face with its chin and some room round it, upright with the head, as a square of `side` px.
// `neutral`: control vertices in upright px.
core::Affine2 face_view(const mesh::Vertices& neutral, int side);

class FilmStrip {
 public:
  // `tasks`: of all frames. The moments are evenly spread over those that are repainted, whole where there
  // are any.
  FilmStrip(const Scene& scene, const std::vector<FrameTask>& tasks);

  bool wants(std::int64_t frame) const;
  struct Column {
    std::int64_t frame = 0;
    core::ImageU8 source, mesh, result;
  };
  // Called before (source, mesh) and after (result) painting; from any thread, the column is the caller's.
  void before(const FrameTask& task, const media::VideoFrame& frame, Column* column) const;
  void after(const FrameTask& task, const media::VideoFrame& frame, Column* column) const;
  void add(Column column) { columns_.push_back(std::move(column)); }
  // Throws Error{output}.
  void write(const std::filesystem::path& path) const;

 private:
  core::Affine2 view_from_upright(const FrameTask& task) const;

  const Scene& scene_;
  std::vector<std::int64_t> moments_;
  std::vector<Column> columns_;
};

}  // namespace resyncer::pipeline
