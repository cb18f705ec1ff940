// Training of the speech encoder and the Style-SyncFormer together, from "motion" dataset files
// (docs/training.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "resyncer/mesh/face_model.h"

namespace resyncer::train {

// How well a motion model follows speech: correlation of predicted with real lip opening (best lag within +-3
// frames), by free roll-out with the style of the clip itself and the speech gate, as in a render; mean over
// clips; 0 where there are none.
struct MotionFigure {
  double mean = 0;               // over the files
  std::vector<double> per_file;  // mean over the clips of each file
  std::vector<std::string> clips;
  std::vector<double> per_clip;
  std::vector<double> amplitude;  // of each clip: deviation of the predicted opening over the real one's
};

struct MotionProgress {
  std::int64_t step = 0, steps = 0;
  double seconds = 0;  // of training, all runs together
  double loss = 0;     // mean since the last report
  double vertex = 0, velocity = 0, opening = 0, follow = 0, spread = 0, sync = 0;
  const MotionFigure* held_out = nullptr;  // where it was measured at this step
  bool best = false;                       // and is the best so far
};

struct MotionTrainOptions {
  std::vector<std::filesystem::path> datasets;
  // A file may be given in part, FILE@I/N or FILE@-I/N (every N-th clip from clip I on, or all but these).
  std::vector<std::filesystem::path> held_out;  // may be empty: then the last weights are kept
  std::filesystem::path output;                 // weights: the averaged ones, best by the held-out figure
  std::filesystem::path checkpoint;             // empty = none
  std::filesystem::path curve;                  // CSV of the loss; empty = none
  std::filesystem::path speech_start;           // pre-trained encoder (train_speech); empty = from nothing
  bool freeze_encoder = false;                  // leave it as it is (needs speech_start)
  bool resume = false;                          // go on from `checkpoint`

  std::int64_t steps = 4000;          // the learning rate falls to almost zero at this one
  double minutes = 0;                 // stop earlier after so much time in this run; 0 = no limit
  std::int64_t stop_at = 0;           // stop earlier at this step; 0 = no limit
  std::int64_t report_every = 50;     // steps
  std::int64_t evaluate_every = 250;  // steps; the checkpoint is written then too
  std::uint64_t seed = 1;

  std::int64_t batch = 32;   // windows
  std::int64_t frames = 32;  // of a window, 25 Hz
  double learning_rate = 1e-3;
  std::int64_t warm_up = 100;  // steps
  double weight_decay = 0.1;
  double dropout = 0.2;
  double average_decay = 0.997;  // of the averaged weights
  double speaker_balance = 0.5;  // a speaker is drawn with probability ~ frames ^ this (0 = all alike)

  double vertex_weight = 1;
  double velocity_weight = 2;
  double opening_weight = 0.5;
  double closure_weight = 3;          // more weight on the opening where the lips are shut
  double follow_weight = 1;           // correlation of the opening over a window
  double spread_weight = 0.1;         // deviation of the opening over a window
  double speech_weight = 0.5;         // all terms once more for the direct path alone
  double sync_weight = 0;             // 1 - mean cosine of meshes and speech, as the expert sees them
  std::filesystem::path sync_expert;  // weights of kind "sync-expert"; needed where sync_weight > 0

  double history_drop = 0.4;   // probability that a window knows no past at all
  double history_noise = 0.4;  // sigma of the noise on past meshes, in deviations of real motion
  double own_history = 0.3;    // share of steps whose past are the network's own meshes
  double style_drop = 0.3;     // probability of the mean style

  bool augment = true;  // of the mel: level, contrast, tilt, shift and stretch, noise, masks, tempo
  bool cuda = true;     // use it where there is one

  // Size of the networks (nets/speech_encoder.h, nets/sync_former.h).
  std::int64_t speech_channels = 128, speech_blocks = 7, speech_cycle = 5;
  std::int64_t width = 128, layers = 2, heads = 4, feed_forward = 256, history = 24, reach = 16;
  bool direct = true;
  std::int64_t components = 8;  // of motion

  std::function<void(const MotionProgress&)> progress;  // may be empty
};

struct MotionTrainResult {
  std::int64_t step = 0;
  double seconds = 0;
  double loss = 0;      // mean of the last report
  double held_out = 0;  // best figure
  MotionFigure last;    // the last figure measured
};

// Throws Error{input} on unusable datasets, Error{usage} on options that contradict each other,
// Error{output}.
MotionTrainResult train_motion(const MotionTrainOptions& options, const mesh::FaceModel& face);

// The figure of finished weights on dataset files. Throws Error{model}, Error{input}.
MotionFigure measure_motion(const std::filesystem::path& weights,
                            const std::vector<std::filesystem::path>& datasets, const mesh::FaceModel& face);

}  // namespace resyncer::train
