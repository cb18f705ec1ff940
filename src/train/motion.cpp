#include "resyncer/train/motion.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <sstream>

#include "checkpoint.h"
#include "dataset_part.h"
#include "motion_batch.h"
#include "motion_dataset.h"
#include "motion_loss.h"
#include "motion_sync.h"
#include "optimisation.h"
#include "resyncer/core/face.h"
#include "resyncer/nets/sync_former.h"
#include "resyncer/speech/features.h"
#include "speech_weights.h"

namespace resyncer::train {

namespace {
using core::Error;
using core::ErrorKind;
using Clock = std::chrono::steady_clock;

void check(const MotionTrainOptions& o, const mesh::FaceModel& face) {
  auto refuse = [](const std::string& what) { throw Error(ErrorKind::usage, what); };
  if (o.datasets.empty()) refuse("training needs at least one dataset file");
  if (o.output.empty()) refuse("training needs a file to write the weights to");
  if (o.resume && o.checkpoint.empty()) refuse("resuming needs a checkpoint file");
  if (o.steps < 1 || o.batch < 1 || o.frames < 2 || o.report_every < 1 || o.evaluate_every < 1)
    refuse("steps, batch, frames, report_every and evaluate_every must be positive");
  if (o.freeze_encoder && o.speech_start.empty()) refuse("a frozen encoder has to be a pre-trained one");
  if (o.sync_weight > 0 && o.sync_expert.empty()) refuse("a weight on sync needs a sync expert");
  if (o.components < 1) refuse("motion needs at least one component");
  if (o.heads < 1 || o.width % o.heads != 0) refuse("the width of a token must be a multiple of the heads");
  if (face.speech_count < 1 || face.control_count() < core::kLandmarks)
    throw Error(ErrorKind::model, "the face model has no speech expressions");
}

nets::MotionNetworks make_networks(const MotionTrainOptions& o, std::int64_t coefficients) {
  nets::SpeechEncoderConfig speech_config{speech::kMelBands, o.speech_channels, o.speech_blocks,
                                          o.speech_cycle};
  nets::SyncFormerConfig former;
  former.coefficients = coefficients;
  former.audio = o.speech_channels;
  former.width = o.width;
  former.layers = o.layers;
  former.heads = o.heads;
  former.feed_forward = o.feed_forward;
  former.history = o.history;
  former.reach = o.reach;
  former.direct = o.direct ? 1 : 0;
  former.components = std::min(o.components, coefficients);
  return nets::MotionNetworks(speech_config, former, o.dropout);
}

// Everything that a resumed run must share with the run before, as text.
std::string settings_of(const MotionTrainOptions& o, const std::string& networks) {
  nlohmann::json files = nlohmann::json::array();
  for (const auto& file : o.datasets) files.push_back(dataset_label(file));
  nlohmann::json settings = {{"networks", nlohmann::json::parse(networks)},
                             {"datasets", files},
                             {"speech_start", o.speech_start.filename().string()},
                             {"freeze_encoder", o.freeze_encoder},
                             {"steps", o.steps},
                             {"seed", o.seed},
                             {"batch", o.batch},
                             {"frames", o.frames},
                             {"learning_rate", o.learning_rate},
                             {"warm_up", o.warm_up},
                             {"weight_decay", o.weight_decay},
                             {"dropout", o.dropout},
                             {"average_decay", o.average_decay},
                             {"speaker_balance", o.speaker_balance},
                             {"vertex_weight", o.vertex_weight},
                             {"velocity_weight", o.velocity_weight},
                             {"opening_weight", o.opening_weight},
                             {"closure_weight", o.closure_weight},
                             {"follow_weight", o.follow_weight},
                             {"spread_weight", o.spread_weight},
                             {"speech_weight", o.speech_weight},
                             {"sync_expert", o.sync_expert.filename().string()},
                             {"sync_weight", o.sync_weight},
                             {"history_drop", o.history_drop},
                             {"history_noise", o.history_noise},
                             {"own_history", o.own_history},
                             {"style_drop", o.style_drop},
                             {"augment", o.augment}};
  return settings.dump();
}

// Meshes of every clip, [frames, K], sharing the dataset's memory, and which of them show a face [frames].
struct ClipMeshes {
  torch::Tensor meshes, seen;
};

ClipMeshes meshes_of(const MotionClip& clip, MotionDataset* data) {
  return {torch::from_blob(data->expression.data() + clip.start * data->coefficients,
                           {clip.frames, data->coefficients}),
          torch::from_blob(data->confidence.data() + clip.start, {clip.frames}) > 0};
}

torch::Tensor mean_mesh(const std::vector<int>& clips, MotionDataset* data) {
  torch::Tensor sum = torch::zeros({data->coefficients}, torch::kFloat64);
  std::int64_t count = 0;
  for (int c : clips) {
    ClipMeshes clip = meshes_of(data->clips[std::size_t(c)], data);
    sum += clip.meshes.index({clip.seen}).to(torch::kFloat64).sum(0);
    count += clip.seen.sum().item<std::int64_t>();
  }
  return (sum / double(std::max<std::int64_t>(count, 1))).to(torch::kFloat32);
}

// Gives all speakers the same mean mesh, which is returned: what shape a mouth has is the person's, how it
// moves is what speech tells.
torch::Tensor take_off_speakers(MotionDataset* data) {
  std::vector<int> all(data->clips.size());
  std::iota(all.begin(), all.end(), 0);
  torch::Tensor mean = mean_mesh(all, data);
  for (const auto& speaker : data->speakers) {
    torch::Tensor own = mean_mesh(speaker, data) - mean;
    for (int c : speaker) meshes_of(data->clips[std::size_t(c)], data).meshes.sub_(own);
  }
  return mean;
}

torch::Tensor displacements(const torch::Tensor& mean, MotionDataset* data) {
  std::vector<torch::Tensor> rows;
  for (const MotionClip& clip : data->clips) {
    ClipMeshes c = meshes_of(clip, data);
    rows.push_back(c.meshes.index({c.seen}) - mean);
  }
  return torch::cat(rows);
}

// Mean over the speakers of how much the opening of their lips varies.
double usual_deviation(const MotionDataset& data, const torch::Tensor& gradient) {
  const float* weights = gradient.data_ptr<float>();
  double mean = 0;
  for (const auto& speaker : data.speakers) {
    double n = 0, sum = 0, squares = 0;
    for (int c : speaker) {
      const MotionClip& clip = data.clips[std::size_t(c)];
      for (std::int64_t t = clip.start; t < clip.start + clip.frames; ++t) {
        if (data.confidence[std::size_t(t)] <= 0) continue;
        const float* mesh = data.expression.data() + t * data.coefficients;
        double opening = std::inner_product(mesh, mesh + data.coefficients, weights, 0.0);
        n += 1, sum += opening, squares += opening * opening;
      }
    }
    if (n > 0)
      mean += std::sqrt(std::max(0.0, squares / n - sum / n * sum / n)) / double(data.speakers.size());
  }
  return mean;
}

// One training: networks, their average, optimizer, and the steps of both.
class MotionTraining {
 public:
  MotionTraining(const MotionTrainOptions& options, const mesh::FaceModel& face)
      : options_(options),
        face_(face),
        data_(load_motion_datasets(options.datasets, face.speech_count, MelForm::level)),
        loss_(face, options.closure_weight),
        device_(options.cuda && torch::cuda::is_available() ? torch::kCUDA : torch::kCPU) {
    seed_all(options.seed, &random_);
    networks_ = make_networks(options, face.speech_count);
    average_ = make_networks(options, face.speech_count);
    networks_.former->mean_mesh.copy_(take_off_speakers(&data_));
    auto [basis, inverse] = loss_.components(displacements(networks_.former->mean_mesh, &data_),
                                             networks_.former->config().components);
    networks_.former->motion_basis.copy_(basis);
    networks_.former->motion_from_mesh.copy_(inverse);
    networks_.former->opening.copy_(loss_.gradient());
    networks_.former->opening_at_rest.fill_(loss_.at_rest());
    networks_.former->opening_deviation.fill_(usual_deviation(data_, loss_.gradient()));
    if (!options.speech_start.empty()) load_speech_encoder(options.speech_start, networks_.speech);
    for (torch::Tensor& p : networks_.speech->parameters()) p.set_requires_grad(!options.freeze_encoder);
    for (const auto& networks : {networks_, average_})
      for (const auto& [prefix, module] : networks.named()) module->to(device_);
    average(0);
    average_.speech->eval();
    average_.former->eval();
    loss_.to(device_);
    if (options.sync_weight > 0) {
      sync_.emplace(options.sync_expert, face.speech_count, options.frames);
      sync_->to(device_);
    }
    optimizer_ = make_adamw(networks_.named(), options.learning_rate, options.weight_decay);
    header_ = {"motion-training", 1, settings_of(options, networks_.config())};
    if (options.resume) load_checkpoint(options.checkpoint, header_, state());
  }

  MotionTrainResult run();

 private:
  TrainingState state() {
    TrainingState s;
    s.modules = networks_.named();
    for (auto& [prefix, module] : average_.named()) s.modules.push_back({"average." + prefix, module});
    s.optimizers = {{"", optimizer_.get()}};
    s.step = &step_;
    s.figures = {{"seconds", &seconds_}, {"best", &best_}};
    s.random = &random_;
    return s;
  }

  void average(double decay) {
    update_average(average_.speech.get(), *networks_.speech, decay);
    update_average(average_.former.get(), *networks_.former, decay);
  }

  torch::Tensor style_of(const MotionBatch& batch);
  torch::Tensor predict(const MotionBatch& batch, const torch::Tensor& features, const torch::Tensor& style);
  torch::Tensor total(const MotionLossTerms& terms) const;
  MotionLossTerms train_step(const MotionSampler& sampler);
  bool evaluate(MotionFigure* figure);  // true when it is the best so far
  void report(const MotionProgress& p) const;

  MotionTrainOptions options_;
  const mesh::FaceModel& face_;
  MotionDataset data_;
  MotionLoss loss_;
  std::optional<MotionSync> sync_;
  torch::Device device_;
  nets::MotionNetworks networks_, average_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  nets::WeightsHeader header_;
  std::mt19937_64 random_;
  std::int64_t step_ = 0;
  double seconds_ = 0, best_ = -std::numeric_limits<double>::infinity();
};

torch::Tensor MotionTraining::style_of(const MotionBatch& batch) {
  torch::Tensor used = batch.style_used.unsqueeze(1);
  return networks_.former->encode_style(batch.style, batch.style_seen) * used +
         networks_.former->no_style(batch.style.size(0)) * (1 - used);
}

torch::Tensor MotionTraining::predict(const MotionBatch& batch, const torch::Tensor& features,
                                      const torch::Tensor& style) {
  return networks_.former->forward(batch.past, batch.known, features, batch.inside, style);
}

torch::Tensor MotionTraining::total(const MotionLossTerms& terms) const {
  return options_.vertex_weight * terms.vertex + options_.velocity_weight * terms.velocity +
         options_.opening_weight * terms.opening + options_.follow_weight * terms.follow +
         options_.spread_weight * terms.spread + options_.sync_weight * terms.sync;
}

MotionLossTerms MotionTraining::train_step(const MotionSampler& sampler) {
  networks_.speech->train(!options_.freeze_encoder);
  networks_.former->train();
  MotionBatch batch = sampler.draw(&random_);
  const std::int64_t beyond = (batch.mel.size(1) - nets::kMelPerRow * options_.frames) / 2;
  torch::Tensor heard = batch.mel.slice(1, beyond, batch.mel.size(1) - beyond).to(device_);  // by the expert
  if (options_.augment) batch.mel = augment_mel(batch.mel, &random_);
  disturb_history(options_, networks_.former->motion_basis.cpu(), &random_, &batch);
  bool own_history = double(random_() >> 11) * 0x1p-53 < options_.own_history;
  batch = batch.to(device_);

  torch::Tensor features = networks_.speech->forward(batch.mel), style = style_of(batch);
  if (own_history) {  // scheduled sampling, in parallel: the past is what the network itself says
    torch::NoGradGuard no_grad;
    torch::Tensor own = predict(batch, features, style);
    batch.past = torch::cat({batch.past.slice(1, 0, 1), own.slice(1, 0, own.size(1) - 1)}, 1);
  }
  auto wrong = [&](const torch::Tensor& meshes) {
    MotionLossTerms terms = loss_(meshes, batch.target, batch.weight);
    terms.sync = sync_ ? (*sync_)(meshes, heard, batch.weight) : torch::zeros_like(terms.vertex);
    return terms;
  };
  MotionLossTerms terms = wrong(predict(batch, features, style));
  torch::Tensor loss = total(terms);
  // The speech features carry the answer by themselves: what history tells must not hide what they lack.
  if (options_.direct && options_.speech_weight > 0)
    loss = loss + options_.speech_weight * total(wrong(networks_.former->forward_direct(features, style)));
  optimizer_->zero_grad();
  loss.backward();
  std::vector<torch::Tensor> parameters = networks_.speech->parameters();
  for (const auto& p : networks_.former->parameters()) parameters.push_back(p);
  torch::nn::utils::clip_grad_norm_(parameters, 1.0);
  set_learning_rate(optimizer_.get(),
                    scheduled_rate(step_, options_.steps, options_.warm_up, options_.learning_rate));
  optimizer_->step();
  ++step_;
  // At first the average follows quickly: what the weights were at random is no part of it.
  average(std::min(options_.average_decay, double(1 + step_) / double(10 + step_)));
  return terms;
}

// Measured on the very file that would be shipped, by the program's own inference.
bool MotionTraining::evaluate(MotionFigure* figure) {
  auto save = [&](const std::filesystem::path& file) { nets::save_motion_networks(file, average_); };
  return keep_if_best(options_.output, save, [&](const std::filesystem::path& file) {
    if (options_.held_out.empty()) return true;
    *figure = measure_motion(file, options_.held_out, face_);
    if (figure->mean <= best_) return false;
    best_ = figure->mean;
    return true;
  });
}

void MotionTraining::report(const MotionProgress& p) const {
  if (options_.progress) options_.progress(p);
  std::ostringstream row;
  row << p.step << ',' << p.seconds << ',' << p.loss << ',' << p.vertex << ',' << p.velocity << ','
      << p.opening << ',' << p.follow << ',' << p.spread << ',' << p.sync << ',';
  if (p.held_out != nullptr) row << p.held_out->mean;
  append_to_curve(options_.curve, "step,seconds,loss,vertex,velocity,opening,follow,spread,sync,held_out",
                  row.str());
}

MotionTrainResult MotionTraining::run() {
  MotionSampler sampler(data_, options_, networks_.speech->config().mel_context());
  MotionTrainResult result;
  const double seconds_before = seconds_;
  const auto begin = Clock::now();
  torch::Tensor sums = torch::zeros({6}, device_);
  std::int64_t summed = 0;
  if (!options_.resume && !options_.curve.empty()) {
    std::error_code ignored;
    std::filesystem::remove(options_.curve, ignored);
  }
  while (step_ < options_.steps) {
    MotionLossTerms terms = train_step(sampler);
    sums +=
        torch::stack({terms.vertex, terms.velocity, terms.opening, terms.follow, terms.spread, terms.sync})
            .detach();
    ++summed;
    double elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    seconds_ = seconds_before + elapsed;
    bool last = step_ == options_.steps || step_ == options_.stop_at ||
                (options_.minutes > 0 && elapsed > 60 * options_.minutes);
    bool measure = last || step_ % options_.evaluate_every == 0;
    if (measure || step_ % options_.report_every == 0) {
      torch::Tensor mean = (sums / double(summed)).cpu();
      MotionProgress p;
      p.step = step_, p.steps = options_.steps, p.seconds = seconds_;
      p.vertex = mean[0].item<double>(), p.velocity = mean[1].item<double>();
      p.opening = mean[2].item<double>(), p.follow = mean[3].item<double>(),
      p.spread = mean[4].item<double>(), p.sync = mean[5].item<double>();
      p.loss = total({mean[0], mean[1], mean[2], mean[3], mean[4], mean[5]}).item<double>();
      if (!std::isfinite(p.loss))
        throw Error(ErrorKind::internal, "the training has diverged at step " + std::to_string(step_), "",
                    "use a lower learning rate");
      if (measure) p.best = evaluate(&result.last);
      if (measure && !options_.held_out.empty()) p.held_out = &result.last;
      result.loss = p.loss;
      report(p);
      sums.zero_();
      summed = 0;
    }
    if (measure && !options_.checkpoint.empty()) save_checkpoint(options_.checkpoint, header_, state());
    if (last) break;
  }
  result.step = step_;
  result.seconds = seconds_;
  result.held_out = options_.held_out.empty() ? 0 : best_;
  return result;
}
}  // namespace

MotionTrainResult train_motion(const MotionTrainOptions& options, const mesh::FaceModel& face) {
  check(options, face);
  keep_memory();
  try {
    return MotionTraining(options, face).run();
  } catch (const c10::Error& e) {
    throw Error(ErrorKind::internal, std::string("LibTorch: ") + e.what_without_backtrace());
  }
}

}  // namespace resyncer::train
