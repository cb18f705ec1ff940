#include "resyncer/train/speech.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "checkpoint.h"
#include "dataset_part.h"
#include "motion_batch.h"
#include "optimisation.h"
#include "resyncer/speech/features.h"
#include "speech_dataset.h"
#include "speech_weights.h"

namespace resyncer::train {

namespace {
using core::Error;
using core::ErrorKind;
using Clock = std::chrono::steady_clock;

void check(const SpeechTrainOptions& o) {
  auto refuse = [](const std::string& what) { throw Error(ErrorKind::usage, what); };
  if (o.datasets.empty()) refuse("training needs at least one dataset file");
  if (o.output.empty()) refuse("training needs a file to write the weights to");
  if (o.resume && o.checkpoint.empty()) refuse("resuming needs a checkpoint file");
  if (o.steps < 1 || o.batch < 1 || o.features < 1 || o.report_every < 1 || o.evaluate_every < 1)
    refuse("steps, batch, features, report_every and evaluate_every must be positive");
  if (o.units < 0 || o.units == 1 || o.units > 255) refuse("units must be 0, or 2 to 255");
  if (!(o.mask >= 0 && o.mask <= 0.9)) refuse("the share that is hidden must be 0 to 0.9");
  if (o.held_out_every < 0 || o.held_out_every == 1) refuse("held_out_every must be 0, or 2 or more");
}

// Everything that a resumed run must share with the run before, as text.
std::string settings_of(const SpeechTrainOptions& o) {
  nlohmann::json files = nlohmann::json::array();
  for (const auto& file : o.datasets) files.push_back(dataset_label(file));
  nlohmann::json settings = {{"datasets", files},
                             {"start", o.start.filename().string()},
                             {"units", o.units},
                             {"mask", o.mask},
                             {"steps", o.steps},
                             {"seed", o.seed},
                             {"batch", o.batch},
                             {"features", o.features},
                             {"learning_rate", o.learning_rate},
                             {"warm_up", o.warm_up},
                             {"weight_decay", o.weight_decay},
                             {"dropout", o.dropout},
                             {"average_decay", o.average_decay},
                             {"held_out_every", o.held_out_every},
                             {"augment", o.augment},
                             {"speech_channels", o.speech_channels},
                             {"speech_blocks", o.speech_blocks},
                             {"speech_cycle", o.speech_cycle}};
  return settings.dump();
}

// The encoder and a linear head that names the two mel frames of a feature.
struct Namer {
  nets::SpeechEncoder encoder{nullptr};
  torch::nn::Linear head{nullptr};
  std::int64_t classes = 0;

  Namer(const SpeechTrainOptions& o, std::int64_t class_count)
      : encoder(
            nets::SpeechEncoderConfig{speech::kMelBands, o.speech_channels, o.speech_blocks, o.speech_cycle},
            o.dropout),
        head(o.speech_channels, 2 * class_count),
        classes(class_count) {}

  // [B, rows, 80] -> logits [B, 2 F, classes]
  torch::Tensor forward(const torch::Tensor& mel) {
    torch::Tensor features = encoder->forward(mel);
    return head->forward(features).reshape({features.size(0), 2 * features.size(1), classes});
  }
  std::vector<nets::NamedModule> named(const std::string& prefix) const {
    return {{prefix + "speech.", encoder.ptr().get()}, {prefix + "head.", head.ptr().get()}};
  }
  std::vector<torch::Tensor> parameters() const {
    auto all = encoder->parameters();
    for (const auto& p : head->parameters()) all.push_back(p);
    return all;
  }
};

class SpeechTraining {
 public:
  explicit SpeechTraining(const SpeechTrainOptions& options)
      : options_(options),
        data_(load_speech_datasets(options.datasets, options.held_out_every, {options.units, options.seed})),
        device_(options.cuda && torch::cuda::is_available() ? torch::kCUDA : torch::kCPU),
        network_(seeded(options, &random_), std::int64_t(data_.classes.size())),
        average_(options, std::int64_t(data_.classes.size())),
        optimizer_(network_.parameters(), torch::optim::AdamWOptions(options.learning_rate)
                                              .weight_decay(options.weight_decay)
                                              .betas({0.9, 0.98})),
        header_{"speech-training", 1, settings_of(options)} {
    if (!options.start.empty()) load_speech_encoder(options.start, network_.encoder);
    for (const Namer* namer : {&network_, &average_})
      for (const auto& [prefix, module] : namer->named("")) module->to(device_);
    follow(0);
    average_.encoder->eval();
    if (options.resume) load_checkpoint(options.checkpoint, header_, state());
  }

  SpeechTrainResult run();

 private:
  static const SpeechTrainOptions& seeded(const SpeechTrainOptions& options, std::mt19937_64* random) {
    seed_all(options.seed, random);
    return options;
  }

  TrainingState state() {
    TrainingState s;
    s.modules = network_.named("");
    for (const auto& named : average_.named("average.")) s.modules.push_back(named);
    s.optimizers = {{"", &optimizer_}};
    s.step = &step_;
    s.figures = {{"seconds", &seconds_}, {"best", &best_}};
    s.random = &random_;
    return s;
  }

  void follow(double decay) {
    update_average(average_.encoder.get(), *network_.encoder, decay);
    update_average(average_.head.get(), *network_.head, decay);
  }

  torch::Tensor train_step();
  SpeechFigure measure();
  bool evaluate(SpeechTrainResult* result, SpeechFigure* figure);  // true when it is the best so far
  void report(const SpeechProgress& p) const;

  SpeechTrainOptions options_;
  SpeechDataset data_;
  torch::Device device_;
  std::mt19937_64 random_;
  Namer network_, average_;
  torch::optim::AdamW optimizer_;
  nets::WeightsHeader header_;
  std::int64_t step_ = 0;
  double seconds_ = 0, best_ = -1;
};

torch::Tensor SpeechTraining::train_step() {
  network_.encoder->train();
  SpeechBatch batch = draw_speech(data_.training, options_.batch, options_.features,
                                  network_.encoder->config().mel_context(), &random_);
  if (options_.augment) batch.mel = augment_mel(batch.mel, &random_);
  if (options_.mask > 0)
    hide_stretches(options_.mask, network_.encoder->config().mel_context(), &random_, &batch);
  torch::Tensor logits = network_.forward(batch.mel.to(device_));
  torch::Tensor loss =
      torch::nn::functional::cross_entropy(logits.flatten(0, 1), batch.labels.flatten().to(device_));
  optimizer_.zero_grad();
  loss.backward();
  torch::nn::utils::clip_grad_norm_(network_.parameters(), 1.0);
  set_learning_rate(&optimizer_,
                    scheduled_rate(step_, options_.steps, options_.warm_up, options_.learning_rate));
  optimizer_.step();
  ++step_;
  follow(std::min(options_.average_decay, double(1 + step_) / double(10 + step_)));
  return loss.detach();
}

// Up to 256 held-out clips, taken evenly, each from its start.
SpeechFigure SpeechTraining::measure() {
  torch::NoGradGuard no_grad;
  constexpr std::size_t kClips = 256, kAtOnce = 16;
  const std::size_t count = std::min(kClips, data_.held_out.size()), classes = data_.classes.size();
  const std::int64_t mel_context = average_.encoder->config().mel_context();
  std::mt19937_64 random(options_.seed);  // the same is hidden every time
  std::vector<double> seen(classes, 0), right(classes, 0);
  for (std::size_t begin = 0; begin < count; begin += kAtOnce) {
    std::vector<const SpeechClip*> clips;
    for (std::size_t i = begin; i < std::min(count, begin + kAtOnce); ++i)
      clips.push_back(&data_.held_out[i * data_.held_out.size() / count]);
    SpeechBatch batch =
        speech_windows(clips, std::vector<std::int64_t>(clips.size(), 0), options_.features, mel_context);
    if (options_.mask > 0) hide_stretches(options_.mask, mel_context, &random, &batch);
    torch::Tensor named = average_.forward(batch.mel.to(device_)).argmax(2).cpu();
    for (std::size_t i = 0; i < clips.size(); ++i)
      for (std::int64_t k = 0; k < std::min(clips[i]->frames, 2 * options_.features); ++k) {
        std::int64_t at = std::int64_t(i) * 2 * options_.features + k;
        const std::int64_t truth = batch.labels.data_ptr<std::int64_t>()[at];
        if (truth == kNotAsked) continue;
        ++seen[std::size_t(truth)];
        if (named.data_ptr<std::int64_t>()[at] == truth) ++right[std::size_t(truth)];
      }
  }
  SpeechFigure figure;
  double frames = 0, correct = 0, present = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    figure.recall.push_back(seen[c] > 0 ? right[c] / seen[c] : 0);
    frames += seen[c], correct += right[c], present += seen[c] > 0 ? 1 : 0;
    figure.mean_recall += figure.recall.back();
  }
  figure.mean_recall /= std::max(present, 1.0);
  figure.accuracy = correct / std::max(frames, 1.0);
  return figure;
}

bool SpeechTraining::evaluate(SpeechTrainResult* result, SpeechFigure* figure) {
  if (!data_.held_out.empty()) *figure = measure();
  bool best = data_.held_out.empty() || figure->mean_recall > best_;
  if (!best) return false;
  if (!data_.held_out.empty()) best_ = figure->mean_recall;
  result->best = *figure;
  save_speech_encoder(options_.output, average_.encoder);
  return true;
}

void SpeechTraining::report(const SpeechProgress& p) const {
  if (options_.progress) options_.progress(p);
  std::ostringstream row;
  row << p.step << ',' << p.seconds << ',' << p.loss << ',';
  if (p.held_out != nullptr)
    row << p.held_out->accuracy << ',' << p.held_out->mean_recall;
  else
    row << ',';
  append_to_curve(options_.curve, "step,seconds,loss,accuracy,mean_recall", row.str());
}

// Of every class among the labels.
std::vector<double> shares(const SpeechDataset& data) {
  std::vector<double> out(data.classes.size(), 0);
  double frames = 0;
  for (const SpeechClip& clip : data.training) {
    for (std::int64_t t = 0; t < clip.frames; ++t) ++out[clip.labels[t]];
    frames += double(clip.frames);
  }
  for (double& share : out) share /= frames;
  return out;
}

SpeechTrainResult SpeechTraining::run() {
  SpeechTrainResult result;
  result.share = shares(data_);
  const double seconds_before = seconds_;
  const auto begin = Clock::now();
  if (!options_.resume && !options_.curve.empty()) {
    std::error_code ignored;
    std::filesystem::remove(options_.curve, ignored);
  }
  torch::Tensor sum = torch::zeros({}, device_);
  std::int64_t summed = 0;
  while (step_ < options_.steps) {
    sum += train_step();
    ++summed;
    double elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    seconds_ = seconds_before + elapsed;
    bool last = step_ == options_.steps || (options_.minutes > 0 && elapsed > 60 * options_.minutes);
    bool measured = last || step_ % options_.evaluate_every == 0;
    if (measured || step_ % options_.report_every == 0) {
      SpeechProgress p{step_, options_.steps, seconds_, sum.item<double>() / double(summed), nullptr, false};
      if (!std::isfinite(p.loss))
        throw Error(ErrorKind::internal, "the training has diverged at step " + std::to_string(step_), "",
                    "use a lower learning rate");
      SpeechFigure figure;
      if (measured) p.best = evaluate(&result, &figure);
      if (measured && !data_.held_out.empty()) p.held_out = &figure;
      result.loss = p.loss;
      report(p);
      sum.zero_();
      summed = 0;
    }
    if (measured && !options_.checkpoint.empty()) save_checkpoint(options_.checkpoint, header_, state());
    if (last) break;
  }
  result.step = step_;
  result.seconds = seconds_;
  return result;
}
}  // namespace

SpeechTrainResult train_speech(const SpeechTrainOptions& options) {
  check(options);
  try {
    return SpeechTraining(options).run();
  } catch (const c10::Error& e) {
    throw Error(ErrorKind::internal, std::string("LibTorch: ") + e.what_without_backtrace());
  }
}

}  // namespace resyncer::train
