// The videos of a measurement, analysed, and which frames of them belong together.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "pipeline/frame_painter.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/measure_result.h"

namespace resyncer::pipeline {

struct Footage {
  std::filesystem::path path;
  media::VideoInfo info;
  Analysis analysis;
  FittedFace face;

  bool shows_face(std::int64_t frame) const {
    return frame >= 0 && face.frames[std::size_t(frame)] && face.weight[std::size_t(frame)] > 0;
  }
  core::Affine2 upright_from_stored() const;
};

struct ResultFootage {
  mesh::FaceModel model;
  Footage result;
  std::optional<Footage> source, real;
  // Of every frame of the result: the source's, and the real one nearest in time (-1 after its end).
  std::vector<std::int64_t> source_frame, real_frame;
  bool real_shows_same_frames = false;
  bool real_is_source = false;  // the same file
  std::vector<bool> silent;     // of every frame of the result

  // The face that pictures are looked at by: the source's, else the same in real footage, else the result's.
  const Footage& base() const;
  std::int64_t base_frame(std::int64_t frame) const;
  // In the base's upright px: its own mouth, and the result's on the same head. Nothing without a face.
  std::optional<FrameMeshes> meshes(std::int64_t frame) const;
};

ResultFootage gather_footage(const ResultFiles& files, const ModelSet& models, const ResultOptions& options,
                             const ProgressSink& progress);

}  // namespace resyncer::pipeline
