#include "resyncer/train/generator.h"

#include <chrono>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <optional>
#include <sstream>

#include "checkpoint.h"
#include "generator_adam.h"
#include "generator_evaluation.h"
#include "generator_losses.h"
#include "optimisation.h"
#include "resyncer/generator/rewired_generator.h"
#include "resyncer/nets/weights.h"

namespace resyncer::train {

namespace {
using core::Error;
using core::ErrorKind;
using torch::Tensor;
using Clock = std::chrono::steady_clock;

constexpr int kR1Every = 16;
constexpr double kR1Weight = 0.05;  // small: the logits of all patches are summed

nets::GeneratorShape shape_of(const GeneratorTrainingOptions& options) {
  nets::GeneratorShape shape;
  shape.side = options.side;
  shape.references = generator::kReferences;
  shape.channels = options.channels;
  return shape;
}

void check(const GeneratorTrainingOptions& o) {
  auto refuse = [](const char* what) { throw Error(ErrorKind::usage, what); };
  if (o.data.empty()) refuse("training the generator needs at least one faces file");
  if (o.output.empty()) refuse("training the generator needs a file to write the weights to");
  if (o.steps <= 0 && o.minutes <= 0) refuse("training needs a number of steps or of minutes");
  if (o.side < 32 || o.side % 32 != 0) refuse("the side must be a multiple of 32 px");
  if (o.batch < 1 || o.workers < 1 || o.report_every < 1 || o.evaluate_every < 1)
    refuse("batch, workers and intervals must be at least 1");
}

// The training and all that it keeps between steps.
class Trainer {
 public:
  Trainer(const GeneratorTrainingOptions& options, const std::function<void(const std::string&)>& report)
      : options_(options),
        report_(report),
        device_(torch::cuda::is_available() ? torch::kCUDA : torch::kCPU),
        model_(mesh::load_face_model(options.face_model)),
        data_(options.data, model_, options.side) {
    if (!options.held_out.empty()) held_out_.emplace(options.held_out, model_, options.side);
    seed_all(options.seed, &random_);
    shape_ = options.initial.empty() ? shape_of(options) : initial_shape();
    network_ = nets::RewiredGenerator(shape_);
    average_ = nets::RewiredGenerator(shape_);
    if (!options.initial.empty())
      nets::load_weights(core::TensorFile(options.initial), {{"", network_.get()}});
    update_average(average_.get(), *network_, 0);
    discriminator_ = nets::Discriminator();
    network_->to(device_);
    average_->to(device_);
    discriminator_->to(device_);
    optimizer_.emplace(*network_, options.learning_rate);
    critic_.emplace(*discriminator_, options.learning_rate);
    if (device_.is_cuda()) at::globalContext().setBenchmarkCuDNN(true);  // batches have one shape
    bool fast = device_.is_cuda() || generator::fast_bf16();
    compute_ = options.bf16 && fast ? torch::kBFloat16 : torch::kFloat32;
    if (options.resume && !options.checkpoint.empty() && std::filesystem::exists(options.checkpoint))
      load_checkpoint(options.checkpoint, checkpoint_header(), state());
  }

  GeneratorTrainingResult run() {
    say("training the generator: " + std::to_string(data_.frames().size()) + " frames, side " +
        std::to_string(options_.side) + ", batch " + std::to_string(options_.batch) + ", " +
        (compute_ == torch::kBFloat16 ? "bf16" : "fp32") + " on " + (device_.is_cuda() ? "CUDA" : "the CPU") +
        ", from step " + std::to_string(step_));
    FaceBatches batches(data_, model_, {options_.min_gap, options_.augment}, options_.batch, options_.seed,
                        step_, options_.workers);
    start_ = Clock::now();
    std::int64_t first = step_;
    while (!finished()) {
      auto before = Clock::now();
      FaceBatch batch = batches.next().to(device_);
      bool reported = (step_ + 1) % options_.report_every == 0;
      take_step(batch, reported);
      ++step_;
      training_seconds_ += seconds_since(before);
      if (reported) report_step(training_seconds_ * 1e3 / double(step_ - first));
      if (step_ % options_.evaluate_every == 0 || finished()) evaluate();
    }
    if (!measured_) evaluate();
    result_.steps = step_;
    result_.milliseconds_a_step = step_ > first ? training_seconds_ * 1e3 / double(step_ - first) : 0;
    result_.best_psnr = best_psnr_;
    return result_;
  }

 private:
  nets::GeneratorShape initial_shape() const {
    nets::GeneratorShape shape =
        nets::read_generator_shape(core::TensorFile(options_.initial), generator::kReferences);
    shape.side = options_.side;
    return shape;
  }

  nets::WeightsHeader checkpoint_header() const {
    return {"generator-training", nets::kGeneratorVersion, nets::write_config(shape_)};
  }
  TrainingState state() {
    return {{{"network.", network_.get()},
             {"average.", average_.get()},
             {"discriminator.", discriminator_.get()}},
            {{"adam.", &*optimizer_->adam}, {"critic.", &*critic_->adam}},
            &step_,
            {{"best_psnr", &best_psnr_}},
            &random_};
  }

  void say(const std::string& text) const {
    if (report_) report_(text);
  }

  // Of the run, 0 to 1: by steps, or by the clock, whichever is further.
  double progress() const {
    double by_steps = options_.steps > 0 ? double(step_) / double(options_.steps) : 0;
    double by_clock = options_.minutes > 0 ? seconds_since(start_) / (60 * options_.minutes) : 0;
    return std::min(1.0, std::max(by_steps, by_clock));
  }
  bool finished() const {
    return (options_.steps > 0 && step_ >= options_.steps) ||
           (options_.stop_at > 0 && step_ >= options_.stop_at) ||
           (options_.minutes > 0 && seconds_since(start_) >= 60 * options_.minutes);
  }
  double rate() const {
    double warm = std::min(1.0, double(step_ + 1) / 100);
    return warm * cosine_rate(progress(), options_.learning_rate, 0.05);
  }

  void take_step(const FaceBatch& batch, bool keep_figures) {
    optimizer_->set_rate(rate());
    nets::Painted painted = network_(batch.guidance, compute_);
    painted.residual = coarse_part(painted.residual);
    Tensor picture = nets::compose(painted, batch.guidance);
    ReconstructionLoss loss = reconstruction_loss(picture, batch);
    Tensor total = loss.total();
    if (options_.adversarial_from >= 0 && step_ >= options_.adversarial_from)
      total = total + adversarial(picture, batch);
    optimizer_->adam->zero_grad();
    total.backward();
    torch::nn::utils::clip_grad_norm_(network_->parameters(), 1.0);
    optimizer_->adam->step();
    update_average(average_.get(), *network_, warmed_decay(step_, options_.average));
    if (!keep_figures && step_ + 1 != options_.steps) return;
    result_.last_loss = total.item<double>();
    if (!std::isfinite(result_.last_loss))
      throw Error(ErrorKind::internal, "the loss is not finite at step " + std::to_string(step_),
                  "training the generator", "train with a lower learning rate");
    l1_ = loss.l1.item<double>();
    gradient_ = loss.gradient.item<double>();
    laplacian_ = loss.laplacian.item<double>();
  }

  // Trains the discriminator, then judges the picture by it.
  Tensor adversarial(const Tensor& picture, const FaceBatch& batch) {
    Tensor mask = batch.mask();
    Tensor real = mouth_crops(batch.truth, batch), mesh = mouth_crops(batch.guidance.slice(1, 4, 5), batch);
    Tensor fake = mouth_crops(picture * mask + batch.truth * (1 - mask), batch);
    bool with_r1 = step_ % kR1Every == 0;
    critic_->set_rate(rate());
    critic_->adam->zero_grad();
    Tensor loss =
        discriminator_step_loss(discriminator_, real, fake, mesh, with_r1, kR1Weight * kR1Every, compute_);
    loss.backward();
    critic_->adam->step();
    for (auto& parameter : discriminator_->parameters()) parameter.set_requires_grad(false);
    auto judged = discriminator_(fake.to(compute_), mesh), wanted = discriminator_(real.to(compute_), mesh);
    for (auto& parameter : discriminator_->parameters()) parameter.set_requires_grad(true);
    return options_.adversarial_weight * nets::generator_loss(judged.logits) +
           options_.feature_weight * nets::feature_matching(wanted.features, judged.features);
  }

  void report_step(double milliseconds) {
    std::ostringstream line;
    line << std::fixed << std::setprecision(5) << "step " << step_ << "  loss " << result_.last_loss
         << "  l1 " << l1_ << "  gradient " << gradient_ << "  laplacian " << laplacian_
         << std::setprecision(1) << "  " << milliseconds << " ms/step";
    say(line.str());
    std::ostringstream row;
    row << step_ << ',' << seconds_since(start_) << ',' << result_.last_loss << ',' << l1_ << ',' << gradient_
        << ',' << laplacian_ << ",,,";
    append_to_curve(row.str());
  }

  void append_to_curve(const std::string& row) const {
    if (options_.curve.empty()) return;
    bool fresh = !std::filesystem::exists(options_.curve);
    std::ofstream stream(options_.curve, std::ios::app);
    if (fresh) stream << "step,seconds,loss,l1,gradient,laplacian,psnr,ssim,sharpness\n";
    stream << row << '\n';
    if (!stream.flush())
      throw Error(ErrorKind::output, "writing failed", options_.curve.string(), "is the disk full?");
  }

  void evaluate() {
    measured_ = true;
    bool best = true;
    if (held_out_) {
      std::filesystem::path sheet;
      if (!options_.sheets.empty()) {
        std::filesystem::create_directories(options_.sheets);
        std::ostringstream name;
        name << "step" << std::setw(7) << std::setfill('0') << step_ << ".ppm";
        sheet = options_.sheets / name.str();
      }
      HeldOutResult measured =
          measure_generator(average_, *held_out_, held_out_->frames(), model_, options_.held_out_samples,
                            options_.held_out_gap, compute_, sheet);
      result_.network = measured.network;
      result_.first_reference = measured.first_reference;
      result_.mean_reference = measured.mean_reference;
      best = measured.network.psnr > best_psnr_;
      report_figures(best);
    }
    if (best) {
      best_psnr_ = held_out_ ? result_.network.psnr : 0;
      nets::save_weights(options_.output,
                         {nets::kGeneratorKind, nets::kGeneratorVersion, nets::write_config(shape_)},
                         {{"", average_.get()}});
    }
    if (!options_.checkpoint.empty()) save_checkpoint(options_.checkpoint, checkpoint_header(), state());
  }

  void report_figures(bool best) {
    std::ostringstream line;
    auto put = [&](const char* name, const HeldOutFigures& f) {
      line << "  " << name << ' ' << f.psnr << " dB, SSIM " << f.ssim << ", sharpness " << f.sharpness << ';';
    };
    line << std::fixed << std::setprecision(3) << "held-out at step " << step_ << (best ? " (best):" : ":");
    put("network", result_.network);
    put("first reference", result_.first_reference);
    put("mean of references", result_.mean_reference);
    say(line.str());
    std::ostringstream row;
    row << step_ << ',' << seconds_since(start_) << ",,,,," << result_.network.psnr << ','
        << result_.network.ssim << ',' << result_.network.sharpness;
    append_to_curve(row.str());
  }

  const GeneratorTrainingOptions& options_;
  const std::function<void(const std::string&)>& report_;
  torch::Device device_;
  mesh::FaceModel model_;
  FacesDataset data_;
  std::optional<FacesDataset> held_out_;
  std::mt19937_64 random_;
  nets::RewiredGenerator network_{nullptr}, average_{nullptr};
  nets::Discriminator discriminator_{nullptr};
  std::optional<GeneratorAdam> optimizer_, critic_;
  nets::GeneratorShape shape_;
  torch::ScalarType compute_ = torch::kFloat32;
  std::int64_t step_ = 0;
  double best_psnr_ = -1;
  double l1_ = 0, gradient_ = 0, laplacian_ = 0, training_seconds_ = 0;
  bool measured_ = false;
  Clock::time_point start_;
  GeneratorTrainingResult result_;
};
}  // namespace

GeneratorTrainingResult train_generator(const GeneratorTrainingOptions& options,
                                        const std::function<void(const std::string&)>& report) {
  check(options);
  try {
    return Trainer(options, report).run();
  } catch (const c10::Error& e) {
    throw Error(ErrorKind::internal, std::string("LibTorch: ") + e.what_without_backtrace(),
                "training the generator");
  }
}

}  // namespace resyncer::train
