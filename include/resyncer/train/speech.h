// Pre-training of the speech encoder: naming, for every 10 ms of speech, what the mouth does ("speech"
// dataset files of `resyncer prepare`), or, of speech without labels ("motion" files too), the kind of sound
// that is hidden there (masked prediction: HuBERT, Hsu et al. 2021). Its weights are a start for
// train_motion, never a model of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace resyncer::train {

// On the held-out voices, without augmentation; of what is hidden alone, where something is.
struct SpeechFigure {
  double accuracy = 0;         // share of frames named right
  double mean_recall = 0;      // over the classes that occur
  std::vector<double> recall;  // of every class, 0 where it does not occur
};

struct SpeechProgress {
  std::int64_t step = 0, steps = 0;
  double seconds = 0;                      // of training, all runs together
  double loss = 0;                         // mean since the last report
  const SpeechFigure* held_out = nullptr;  // where it was measured at this step
  bool best = false;
};

struct SpeechTrainOptions {
  std::vector<std::filesystem::path> datasets;  // or parts of them (FILE@I/N)
  std::filesystem::path start;                  // encoder weights to start from; empty = none
  std::filesystem::path output;                 // encoder weights: the averaged ones, best by mean_recall
  std::filesystem::path checkpoint;             // empty = none
  std::filesystem::path curve;                  // CSV of the loss; empty = none
  bool resume = false;                          // go on from `checkpoint`

  std::int64_t steps = 4000;  // the learning rate falls to almost zero at this one
  double minutes = 0;         // stop earlier after so much time in this run; 0 = no limit
  std::int64_t report_every = 50, evaluate_every = 500;  // steps
  std::uint64_t seed = 1;

  std::int64_t batch = 32;      // windows
  std::int64_t features = 100;  // of a window, 50 Hz
  double learning_rate = 1e-3;
  std::int64_t warm_up = 100;  // steps
  double weight_decay = 0.05;
  double dropout = 0.1;
  double average_decay = 0.997;
  int units = 0;           // names are so many units found by k-means, 2 to 255; 0 = what the files say
  double mask = 0;         // this share of the frames is hidden, and their names alone are asked for; to 0.9
  int held_out_every = 8;  // every k-th voice of a file is kept out of training; 0 = none
  bool augment = true;     // as train_motion does
  bool cuda = true;        // use it where there is one

  std::int64_t speech_channels = 128, speech_blocks = 7,
               speech_cycle = 5;  // must be those of the motion training

  std::function<void(const SpeechProgress&)> progress;  // may be empty
};

struct SpeechTrainResult {
  std::int64_t step = 0;
  double seconds = 0;
  double loss = 0;            // mean of the last report
  SpeechFigure best;          // zero without held-out voices
  std::vector<double> share;  // of every class among the training's labels
};

// Throws Error{input} on unusable datasets, Error{usage} on options that contradict each other,
// Error{output}.
SpeechTrainResult train_speech(const SpeechTrainOptions& options);

}  // namespace resyncer::train
