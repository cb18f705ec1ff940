// How well frames of a video are painted with their own mouths, in the way of a render.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "resyncer/generator/rewired_generator.h"
#include "resyncer/pipeline/analysis.h"
#include "resyncer/pipeline/measure.h"

namespace resyncer::pipeline {

struct PaintedClip {
  const std::filesystem::path& clip;
  const Analysis& analysis;
  const FittedFace& face;
  const References& references;
  const mesh::FaceModel& model;
};

struct PaintingFigures {
  int frames = 0;                      // that could be measured
  std::vector<PaintFigures> painters;  // in the order of the painters
};

// `painters`: null = the warp alone. `frames` ascend; `gap`: seconds between a frame and its references.
// Every frame's own mesh is aligned with its picture, like those of the references. Flicker is known of the
// middle of any three frames in a row.
PaintingFigures measure_painting(const PaintedClip& clip,
                                 const std::vector<const generator::RewiredGenerator*>& painters,
                                 const std::vector<std::int64_t>& frames, double gap);

// `count` of the frames, evenly.
std::vector<std::int64_t> evenly(const std::vector<std::int64_t>& frames, int count);

}  // namespace resyncer::pipeline
