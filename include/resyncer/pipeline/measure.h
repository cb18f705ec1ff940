// Figures on footage that the networks have never seen: the face model is fitted to a person, the generator
// repaints a person's own mouth, the motion model guesses a person's own lips.
#pragma once

#include <filesystem>
#include <vector>

#include "resyncer/eval/mouth_metrics.h"
#include "resyncer/pipeline/models.h"
#include "resyncer/pipeline/moment.h"

namespace resyncer::pipeline {

struct MeasureOptions {
  std::filesystem::path cache;     // folder of analyses; empty = none
  std::filesystem::path phones;    // of scripts/phones.py; empty = bilabials are not measured (motion)
  int frames = 60;                 // measured frames a clip, three in a row each, evenly spread (generator)
  double min_reference_gap = 2.0;  // seconds between a frame and its references (generator)
  Stretch stretch;                 // of the clip that is measured on (generator)
  std::filesystem::path person;    // adaptation of the generator (`resyncer personalize`); empty = none
};

struct MeshFigures {
  std::filesystem::path clip;
  int frames = 0;
  double reprojection_error = 0;  // mean over landmarks and frames, share of the inter-ocular distance
  int still_frames = 0;           // pairs of frames in which the mouth keeps still
  double lip_jitter =
      0;  // mean move of the rendered lips between these, px of the 256 px crop; 0: no such pair
};

MeshFigures measure_mesh(const std::filesystem::path& clip, const ModelSet& models,
                         const MeasureOptions& options);

// One way of painting, means over the measured frames, inside each frame's own mask (alpha > 0.5), at the
// frame's resolution.
struct PaintFigures {
  double psnr = 0, ssim = 0;
  double sharpness_ratio = 0;  // variance of the Laplacian, result over source
  double seam_ratio = 0;       // eval::seam_ratio
  double flicker_ratio = 0;  // eval::high_pass_energy beside the lips, result over source; 0: no three frames
};

struct GeneratorFigures {
  std::filesystem::path clip;
  int frames = 0;
  PaintFigures network;
  PaintFigures warp;  // baseline: the reference with the nearest mouth shape, warped and colour-matched
  double reprojection_error = 0;
};

GeneratorFigures measure_generator(const std::filesystem::path& clip, const ModelSet& models,
                                   const MeasureOptions& options);

struct MotionFigures {
  std::filesystem::path clip;
  int frames = 0;
  double correlation = 0;      // of lip openings, best lag
  int lag = 0;                 // frames; positive = the picture is later than the sound in the source
  double amplitude_ratio = 0;  // deviation of the predicted opening over the real one's
  double open_in_silence = 0;  // share of frames with openness > 0.25 on ten seconds of digital silence
  // Lips in /p b m/, a frame more to either side: guessed, of the fitted mesh, and as they are seen.
  eval::Closures bilabials, bilabials_mesh, bilabials_seen;
};

// The clip's own sound drives; style and rest pose are the clip's own, as in a render.
MotionFigures measure_motion(const std::filesystem::path& clip, const ModelSet& models,
                             const MeasureOptions& options);

struct RenderFigures {
  std::filesystem::path clip;
  int frames = 0;
  double correlation = 0;      // of lip openings, best lag
  int lag = 0;                 // frames; positive = the result is late
  double amplitude_ratio = 0;  // deviation of the opening seen over the one asked for
};

// Whether a render does what it is told: the clip is rendered with `speech`, the face is tracked in the
// result, and its lip opening compared with that of the mesh that the speech asked for.
RenderFigures measure_render(const std::filesystem::path& clip, const std::filesystem::path& speech,
                             const ModelSet& models, const MeasureOptions& options);

}  // namespace resyncer::pipeline
