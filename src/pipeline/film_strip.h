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
  // `weights`: of all frames, how far they are repainted. The moments are evenly spread over those that are,
  // whole where there are any.
  explicit FilmStrip(const std::vector<float>& weights);

  bool wants(std::int64_t frame) const;
  struct Column {
    std::int64_t frame = 0;
    core::ImageU8 source, mesh, result;
  };
  // Called before (source, mesh) and after (result) painting; from any thread, the column is the caller's.
  static void before(const Scene& scene, const FrameTask& task, const media::VideoFrame& frame,
                     Column* column);
  static void after(const Scene& scene, const FrameTask& task, const media::VideoFrame& frame,
                    Column* column);
  void add(Column column) { columns_.push_back(std::move(column)); }
  // Throws Error{output}.
  void write(const std::filesystem::path& path) const;

 private:
  std::vector<std::int64_t> moments_;
  std::vector<Column> columns_;
};

}  // namespace resyncer::pipeline
