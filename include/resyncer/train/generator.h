// Training of the rewired generator from "faces" files (`resyncer prepare`).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace resyncer::train {

struct GeneratorTrainingOptions {
  std::vector<std::filesystem::path> data;      // faces files to learn from
  std::vector<std::filesystem::path> held_out;  // faces files to measure on; never learned from
  std::filesystem::path face_model;             // the model that the faces files were made with
  std::filesystem::path output;   // weights with the best held-out PSNR (EMA); the last ones without held_out
  std::filesystem::path initial;  // weights to start from; empty = from scratch
  std::filesystem::path checkpoint;  // written at every evaluation and at the end; empty = none
  bool resume = false;               // continue from `checkpoint` when it exists
  std::filesystem::path curve;       // CSV of the loss curve, appended to; empty = none
  std::filesystem::path sheets;      // folder for PPM pictures of held-out samples; empty = none

  int side = 256;  // px: that of the files or half of it; a multiple of 32
  int batch = 8;
  std::int64_t steps = 0;    // 0 = no limit; at least one of steps and minutes is given
  std::int64_t stop_at = 0;  // end this run at that step and go on later (resume); 0 = at `steps`
  double minutes = 0;        // wall-clock of this run; 0 = no limit
  std::uint64_t seed = 1;
  double learning_rate = 1e-3;  // peak; warmed up over 100 steps, a cosine to 5 % of it at the end
  double average = 0.998;       // decay of the averaged weights (EMA)
  bool bf16 = true;             // compute in bfloat16 where the device is fast at it
  int workers = 1;              // threads that build batches ahead
  double min_gap = 1;           // s between a frame and its references in training
  double held_out_gap = 2;      // s, in measurements
  int held_out_samples = 64;
  bool augment = true;
  std::int64_t adversarial_from = -1;  // step from which the discriminator takes part; -1 = never
  double adversarial_weight = 0.02;
  double feature_weight = 0.05;
  std::int64_t report_every = 50, evaluate_every = 500;               // steps
  std::array<std::int64_t, 6> channels = {16, 32, 64, 96, 128, 192};  // of the network, finest level first
};

struct HeldOutFigures {  // inside the mask, mean over samples
  double psnr = 0, ssim = 0;
  double sharpness = 0;  // variance of the Laplacian, result over truth
};

struct GeneratorTrainingResult {
  std::int64_t steps = 0;  // taken in all
  double last_loss = 0;
  double milliseconds_a_step = 0;                           // mean of this run, evaluations excluded
  HeldOutFigures network, first_reference, mean_reference;  // of the last evaluation; zero without held_out
  double best_psnr = 0;
};

// `report` gets one line of text at a time. Throws Error{input} for data that does not fit, {model} for
// weights and checkpoints, {output}.
GeneratorTrainingResult train_generator(const GeneratorTrainingOptions& options,
                                        const std::function<void(const std::string&)>& report = {});

}  // namespace resyncer::train
