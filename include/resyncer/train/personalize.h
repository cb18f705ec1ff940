// Fast personal adaptation (ReSyncer's personalised fine-tuning; StyleSync, section 3.3): a style offset dW
// and offsets dP to a small set of the generator's weights are fitted to one person's footage in minutes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "resyncer/core/tensor_file.h"
#include "resyncer/train/generator.h"

namespace resyncer::train {

struct PersonOptions {
  std::filesystem::path face_model;  // that the faces were made with
  std::filesystem::path base;        // weights of the generator; its side is that of the faces, or half of it
  std::string base_hash;             // SHA-256 of that file
  std::filesystem::path output;      // person file (nets/person.h)
  std::filesystem::path checkpoint;  // written at every measurement and at the end; empty = none
  bool resume = false;               // continue from `checkpoint` when it exists

  double minutes = 3;        // wall-clock of all runs together, measurements included; 0 = no limit
  std::int64_t steps = 0;    // 0 = no limit; at least one of steps and minutes is given
  std::int64_t stop_at = 0;  // end this run at that step and go on later (resume); 0 = never
  double held_out = 0.1;     // share of the footage's time, at its end, that is measured on and never learned
  int patience = 8;          // measurements without a better one after which nothing more is expected
  int evaluate_every = 20;   // steps
  int held_out_samples = 24;
  double learning_rate = 1e-3;  // peak; a cosine to 5 % of it at the end
  double average = 0.95;        // decay of the averaged weights, which are measured and kept
  int batch = 4;
  double min_gap = 1, held_out_gap = 2;  // s between a frame and its references
  std::uint64_t seed = 1;
  bool bf16 = true;  // compute in bfloat16 where the CPU is fast at it
};

struct PersonProgress {
  double done = 0;  // of the steps or minutes, [0, 1]
  std::int64_t step = 0;
  const HeldOutFigures* measured = nullptr;  // at measurements
  bool best = false;
};

struct PersonResult {
  std::int64_t steps = 0, best_step = 0;  // best_step 0: the base is not improved on, all offsets are 0
  bool gave_up = false;                   // by `patience`, before the end of the steps or minutes
  HeldOutFigures before, after;           // on the held-out stretch, in the generator's crop
  double milliseconds_a_step = 0;         // of this run, measurements excluded
};

// Writes `output`: the offsets that did best on the held-out stretch, none at all when none does better than
// the base. `faces`: files of kind "faces", in memory or mapped. With `steps` alone it is deterministic on
// one machine. Throws Error{input} for footage that does not fit or is too short, {model}, {output}.
PersonResult personalize(std::vector<core::TensorFile> faces, const PersonOptions& options,
                         const std::function<void(const PersonProgress&)>& progress = {});

// A person file for that base that changes nothing. Throws Error{output}.
void write_unchanged_person(const std::filesystem::path& path, const std::string& base_hash);

}  // namespace resyncer::train
