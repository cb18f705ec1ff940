// Training of the identity network (nets/identity_net.h) on "identity" datasets.
//
// Loss: InfoNCE (van den Oord, Li, Vinyals 2018): of a batch of people, two pictures each, every picture must
// find the other one of its person. Where a dataset knows only one file a person, its people are clips of
// whom some show the same person again, and the most alike wrong pictures of each are left out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

namespace resyncer::train {

// Of people who were not learned from: every pair of pictures of different files, or of the two halves of
// one file where people have only one.
struct IdentityFigure {
  double equal_error = 0.5;  // where as many pairs of one person are refused as pairs of two are taken
  double ranked_right =
      0;  // share of (pair of one, pair of two) in which the former is more alike: area under the curve
  double threshold = 0;         // cosine at the equal error
  int same = 0, different = 0;  // pairs
};

struct IdentityProgress {
  std::int64_t step = 0, steps = 0;
  double seconds = 0, loss = 0;
  const IdentityFigure* held_out = nullptr;
  bool best = false;
};

struct IdentityTrainOptions {
  std::vector<std::filesystem::path> datasets;  // FILE, FILE@I/N (every N-th person), FILE@-I/N (the others)
  std::vector<std::filesystem::path> held_out;
  std::filesystem::path output;      // weights: the averaged ones, of the best ranked_right
  std::filesystem::path checkpoint;  // empty = none
  std::filesystem::path curve;       // CSV; empty = none
  bool resume = false;
  std::int64_t steps = 1500;
  double minutes = 0;  // 0 = no limit
  std::int64_t report_every = 50, evaluate_every = 100;
  std::uint64_t seed = 1;
  std::int64_t batch = 48;  // people, all of one file
  double learning_rate = 2e-3, weight_decay = 0.05, dropout = 0.3, average_decay = 0.99;
  std::int64_t warm_up = 50;
  double sharpness = 16;   // cosines are multiplied by
  double left_out = 0.08;  // share of the wrong pictures, where people are not known
  std::int64_t width = 24, embedding = 64;
  std::function<void(const IdentityProgress&)> progress;  // may be empty
};

struct IdentityTrainResult {
  std::int64_t step = 0;
  double seconds = 0;
  IdentityFigure best;
};

// Throws Error{input} on unusable datasets, Error{usage}, Error{output}.
IdentityTrainResult train_identity(const IdentityTrainOptions& options);
// Throws Error{model, input}.
IdentityFigure measure_identity(const std::filesystem::path& weights,
                                const std::vector<std::filesystem::path>& datasets);

}  // namespace resyncer::train
