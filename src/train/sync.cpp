#include "resyncer/train/sync.h"

#include <torch/torch.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "checkpoint.h"
#include "dataset_part.h"
#include "motion_batch.h"
#include "optimisation.h"
#include "resyncer/nets/sync_net.h"
#include "resyncer/speech/features.h"
#include "sync_batch.h"
#include "sync_loss.h"
#include "training_loop.h"

namespace resyncer::train {

namespace {
using core::Error;
using core::ErrorKind;

constexpr double kSharpest = 50;  // cosines are multiplied by at most that

nets::SyncNetConfig config_of(const SyncTrainOptions& o, std::int64_t coefficients) {
  nets::SyncNetConfig config;
  config.mel_bands = speech::kMelBands;
  config.coefficients = o.meshes ? coefficients : 0;
  config.height = o.pictures ? kSeenHeight : 0;
  config.width_px = o.pictures ? kSeenWidth : 0;
  config.width = o.width, config.embedding = o.embedding, config.blocks = o.blocks;
  config.dilated = o.dilated ? 1 : 0, config.banded = o.banded ? 1 : 0;
  config.mean_reach = o.mean_reach;
  return config;
}

// Three stretches at least, or there would be nothing wrong in a clip.
std::int64_t shortest_window(const SyncTrainOptions& o) {
  return 2 * config_of(o, 1).context() + o.stretch + 2;
}

void check(const SyncTrainOptions& o) {
  auto refuse = [](const std::string& what) { throw Error(ErrorKind::usage, what); };
  if (o.datasets.empty()) refuse("training needs at least one dataset file");
  if (o.output.empty()) refuse("training needs a file to write the weights to");
  if (o.resume && o.checkpoint.empty()) refuse("resuming needs a checkpoint file");
  if (o.steps < 1 || o.batch < 2 || o.of_a_speaker < 1 || o.stretch < 1 || o.report_every < 1 ||
      o.evaluate_every < 1)
    refuse(
        "steps, of_a_speaker, stretch, report_every and evaluate_every must be positive, batch at least 2");
  if (!(o.hard_weight > 0)) refuse("the weight of hard wrong stretches must be positive");
  if (o.mean_reach < 0 || o.mean_reach > 1000) refuse("the reach of the mean must be from 0 to 1000 rows");
  if (!o.meshes && !o.pictures) refuse("a network of sync must look at meshes or at pictures");
  if (o.width < 8 || o.width > 512 || o.embedding < 2 || o.embedding > 512 || o.blocks < 1 || o.blocks > 8)
    refuse("width must be from 8 to 512, embedding from 2 to 512, blocks from 1 to 8");
  if (o.rows < shortest_window(o))
    refuse("a window of " + std::to_string(o.rows) + " rows is too short: blocks and stretch need " +
           std::to_string(shortest_window(o)));
}

// Everything that a resumed run must share with the run before, as text.
std::string settings_of(const SyncTrainOptions& o, std::int64_t coefficients) {
  nlohmann::json files = nlohmann::json::array();
  for (const auto& file : o.datasets) files.push_back(dataset_label(file));
  nlohmann::json settings = {
      {"network", nlohmann::json::parse(nets::write_config(config_of(o, coefficients).fields()))},
      {"datasets", files},
      {"expert", o.expert},
      {"steps", o.steps},
      {"seed", o.seed},
      {"batch", o.batch},
      {"of_a_speaker", o.of_a_speaker},
      {"rows", o.rows},
      {"stretch", o.stretch},
      {"hard_weight", o.hard_weight},
      {"learning_rate", o.learning_rate},
      {"warm_up", o.warm_up},
      {"weight_decay", o.weight_decay},
      {"dropout", o.dropout},
      {"average_decay", o.average_decay},
      {"speaker_balance", o.speaker_balance},
      {"augment", o.augment}};
  return settings.dump();
}

class SyncTraining {
 public:
  SyncTraining(const SyncTrainOptions& options, std::int64_t coefficients)
      : options_(options),
        coefficients_(coefficients),
        kind_(options.expert ? "sync-expert" : "sync-judge"),
        data_(load_motion_datasets(options.datasets, coefficients, MelForm::level, "sync")),
        device_(options.cuda && torch::cuda::is_available() ? torch::kCUDA : torch::kCPU) {
    seed_all(options.seed, &random_);
    net_ = nets::SyncNet(config_of(options, coefficients), options.dropout);
    average_ = nets::SyncNet(config_of(options, coefficients));
    spread_ = usual_spread(data_);
    if (options.meshes) net_->spread.copy_(spread_);
    net_->to(device_);
    average_->to(device_);
    update_average(average_.get(), *net_, 0);
    average_->eval();
    optimizer_ = make_adamw({{"", net_.get()}}, options.learning_rate, options.weight_decay);
    header_ = {kind_ + "-training", 1, settings_of(options, coefficients)};
    if (options.resume) load_checkpoint(options.checkpoint, header_, state());
  }

  SyncTrainResult run();

 private:
  TrainingState state() {
    TrainingState s;
    s.modules = {{"", net_.get()}, {"average.", average_.get()}};
    s.optimizers = {{"", optimizer_.get()}};
    s.step = &step_;
    s.figures = {{"seconds", &seconds_}, {"best", &best_}};
    s.random = &random_;
    return s;
  }

  double train_step(const SyncSampler& sampler);
  bool evaluate(SyncFigure* figure);  // true when it is the best so far
  void report(const SyncProgress& p) const;

  SyncTrainOptions options_;
  std::int64_t coefficients_;
  std::string kind_;
  MotionDataset data_;
  torch::Device device_;
  torch::Tensor spread_;
  nets::SyncNet net_{nullptr}, average_{nullptr};
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  nets::WeightsHeader header_;
  std::mt19937_64 random_;
  std::int64_t step_ = 0;
  double seconds_ = 0, best_ = -1;
};

double SyncTraining::train_step(const SyncSampler& sampler) {
  net_->train();
  SyncBatch batch = sampler.draw(&random_);
  if (options_.augment) {
    batch.mel = augment_mel(batch.mel, &random_);
    batch.meshes = augment_meshes(batch.meshes, spread_, &random_);
    if (options_.pictures) batch.pictures = augment_pictures(batch.pictures, &random_);
  }
  batch = batch.to(device_);
  torch::Tensor seen = torch::ones(batch.meshes.sizes().slice(0, 2), batch.mel.options());
  torch::Tensor speech = net_->speech(batch.mel), sharpness = net_->sharpness.exp().clamp_max(kSharpest);
  // Each sight must find the speech by itself.
  torch::Tensor loss = torch::zeros({}, batch.mel.options());
  auto add = [&](const torch::Tensor& mouth) {
    loss = loss + sync_loss(mouth, speech, options_.stretch, sharpness, options_.hard_weight);
  };
  if (options_.meshes) add(net_->meshes(batch.meshes, seen));
  if (options_.pictures) add(net_->pictures(batch.pictures, seen));
  optimizer_->zero_grad();
  loss.backward();
  torch::nn::utils::clip_grad_norm_(net_->parameters(), 1.0);
  set_learning_rate(optimizer_.get(),
                    scheduled_rate(step_, options_.steps, options_.warm_up, options_.learning_rate));
  optimizer_->step();
  ++step_;
  // At first the average follows quickly: what the weights were at random is no part of it.
  update_average(average_.get(), *net_,
                 std::min(options_.average_decay, double(1 + step_) / double(10 + step_)));
  return loss.item<double>();
}

// Measured on the very file that would be shipped, by the program's own inference.
bool SyncTraining::evaluate(SyncFigure* figure) {
  auto save = [&](const std::filesystem::path& file) { nets::save_sync_net(file, kind_, average_); };
  return keep_if_best(options_.output, save, [&](const std::filesystem::path& file) {
    if (options_.held_out.empty()) return true;
    *figure = measure_sync(file, kind_, options_.held_out, coefficients_);
    if (figure->mean() <= best_) return false;
    best_ = figure->mean();
    return true;
  });
}

void SyncTraining::report(const SyncProgress& p) const {
  if (options_.progress) options_.progress(p);
  std::ostringstream row;
  row << p.step << ',' << p.seconds << ',' << p.loss << ',';
  if (p.held_out != nullptr)
    row << p.held_out->above_shifted << ',' << p.held_out->above_others << ',' << p.held_out->offset_right
        << ',' << p.held_out->confidence;
  else
    row << ",,,";
  append_to_curve(options_.curve, "step,seconds,loss,above_shifted,above_others,offset_right,confidence",
                  row.str());
}

SyncTrainResult SyncTraining::run() {
  const SyncSampler sampler(data_, options_, shortest_window(options_));
  SyncTrainResult result;
  begin_curve(options_.curve, options_.resume);
  auto report_moment = [&](const LoopMoment& moment) {
    SyncProgress p{step_, options_.steps, seconds_, moment.loss, nullptr, false};
    SyncFigure figure;
    if (moment.measured) p.best = evaluate(&figure);
    if (moment.measured && !options_.held_out.empty()) p.held_out = &figure;
    if (p.best) result.best = figure;
    result.loss = p.loss;
    report(p);
  };
  auto save = [&] {
    if (!options_.checkpoint.empty()) save_checkpoint(options_.checkpoint, header_, state());
  };
  run_training(
      {options_.steps, options_.stop_at, options_.minutes, options_.report_every, options_.evaluate_every},
      step_, &seconds_, [&] { return train_step(sampler); }, report_moment, save);
  result.step = step_;
  result.seconds = seconds_;
  return result;
}

}  // namespace

SyncTrainResult train_sync(const SyncTrainOptions& options, std::int64_t coefficients) {
  check(options);
  keep_memory();
  try {
    return SyncTraining(options, coefficients).run();
  } catch (const c10::Error& e) {
    throw Error(ErrorKind::internal, std::string("LibTorch: ") + e.what_without_backtrace());
  }
}

}  // namespace resyncer::train
