// Training of networks of sync (nets/sync_net.h) on "sync" datasets: the judge, which measures, and the sync
// expert, which may serve as a loss. They must share neither data nor architecture (docs/training.md).
//
// Loss: InfoNCE (van den Oord, Li, Vinyals 2018) both ways. A stretch of a mouth must find its own stretch of
// speech among the same clip's moments two or more rows away, other clips of the speaker and other speakers
// of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace resyncer::train {

// On held-out clips, as the shipped file would answer (sync/judge.h).
struct SyncFigure {
  double above_shifted = 0;  // share of two-second windows ranked above their speech 0.5 s off
  double above_others = 0;   // share of pairs of such a window and another clip's speech
  double offset_right = 0;   // share of clips whose best offset is within a row of 0
  double confidence = 0;     // mean over the clips
  int windows = 0, pairs = 0, clips = 0;

  // The confidence tells networks apart that rank equally well.
  double mean() const { return (above_shifted + above_others + offset_right + confidence) / 4; }
};

struct SyncProgress {
  std::int64_t step = 0, steps = 0;
  double seconds = 0;                    // of training, all runs together
  double loss = 0;                       // mean since the last report
  const SyncFigure* held_out = nullptr;  // where it was measured at this step
  bool best = false;
};

struct SyncTrainOptions {
  std::vector<std::filesystem::path> datasets;  // FILE, FILE@I/N, FILE@-I/N as for train_motion
  std::vector<std::filesystem::path> held_out;
  std::filesystem::path output;      // weights: the averaged ones, best by SyncFigure::mean
  std::filesystem::path checkpoint;  // empty = none
  std::filesystem::path curve;       // CSV of the loss; empty = none
  bool resume = false;               // go on from `checkpoint`
  bool expert = false;               // "sync-expert" weights, else "sync-judge"

  std::int64_t steps = 600;  // the learning rate falls to almost zero at this one
  double minutes = 0;        // stop earlier after so much time in this run; 0 = no limit
  std::int64_t stop_at = 0;  // stop after this step, as if interrupted; 0 = no limit
  std::int64_t report_every = 50, evaluate_every = 100;  // steps
  std::uint64_t seed = 1;

  std::int64_t batch = 32;        // windows, all of one file,
  std::int64_t of_a_speaker = 1;  // so many in a row of one speaker
  std::int64_t rows = 56;         // of a window, 25 Hz, at most: see docs/commands/train.md
  std::int64_t stretch = 8;       // moments that are compared as one
  double hard_weight = 1;         // each wrong stretch of the same clip counts so many times
  double learning_rate = 2e-3;
  std::int64_t warm_up = 50;  // steps
  double weight_decay = 0.05;
  double dropout = 0.2;
  double average_decay = 0.99;
  double speaker_balance = 1;  // a speaker is drawn with probability ~ rows ^ this
  bool augment = true;
  bool cuda = true;  // use it where there is one

  bool meshes = true, pictures = true;  // what the network looks at
  std::int64_t width = 96, embedding = 64, blocks = 4;
  bool dilated = false, banded = false;  // nets/sync_net.h
  std::int64_t mean_reach = 0;           // likewise

  std::function<void(const SyncProgress&)> progress;  // may be empty
};

struct SyncTrainResult {
  std::int64_t step = 0;
  double seconds = 0;
  double loss = 0;  // mean of the last report
  SyncFigure best;  // zero without held-out clips
};

// `coefficients`: of the datasets' meshes (the face model's speech expressions). Throws Error{input} on
// unusable datasets, Error{usage} on options that contradict each other, Error{output}.
SyncTrainResult train_sync(const SyncTrainOptions& options, std::int64_t coefficients);

// `kind`: of the weights.
SyncFigure measure_sync(const std::filesystem::path& weights, const std::string& kind,
                        const std::vector<std::filesystem::path>& datasets, std::int64_t coefficients);

}  // namespace resyncer::train
