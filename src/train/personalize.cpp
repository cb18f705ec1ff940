#include "resyncer/train/personalize.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "checkpoint.h"
#include "generator_adam.h"
#include "generator_evaluation.h"
#include "generator_losses.h"
#include "optimisation.h"
#include "resyncer/generator/rewired_generator.h"
#include "resyncer/nets/person.h"
#include "resyncer/nets/weights.h"

namespace resyncer::train {

namespace {
using core::Error;
using core::ErrorKind;
using torch::Tensor;
using Clock = std::chrono::steady_clock;

// The weights that a person changes: those whose name holds one of these.
constexpr const char* kPersonal[] = {
    "mapping.bias",                              // dW: the end of the style's mapping
    ".to_rgb.",                                  // dP: what becomes of the features, at all levels,
    "synthesis0.", "synthesis1.", "synthesis2."  // and how the three finest levels paint
};

bool is_personal(const std::string& name) {
  return std::any_of(std::begin(kPersonal), std::end(kPersonal),
                     [&](const char* part) { return name.find(part) != std::string::npos; });
}

void check(const PersonOptions& o) {
  auto refuse = [](const char* what) { throw Error(ErrorKind::usage, what); };
  if (o.steps <= 0 && o.minutes <= 0) refuse("adapting to a person needs a number of steps or of minutes");
  if (o.batch < 1 || o.evaluate_every < 1 || o.patience < 1) refuse("batch and intervals must be at least 1");
  if (!(o.held_out > 0 && o.held_out < 1)) refuse("the held-out share must lie between 0 and 1");
}

class Personalizer {
 public:
  Personalizer(std::vector<core::TensorFile> faces, const PersonOptions& options,
               const std::function<void(const PersonProgress&)>& progress)
      : options_(options), progress_(progress), model_(mesh::load_face_model(options.face_model)) {
    core::TensorFile file(options.base);
    const nets::GeneratorShape shape = nets::read_generator_shape(file, generator::kReferences);
    data_.emplace(std::move(faces), model_, int(shape.side));
    held_out_ = data_->hold_out(options.held_out);
    if (data_->frames().empty() || held_out_.empty())
      throw Error(ErrorKind::input, "the footage is too short to learn a person from it");
    seed_all(options.seed, nullptr);
    for (auto* network : {&base_, &network_, &average_, &best_}) {
      *network = nets::RewiredGenerator(shape);
      nets::load_weights(file, {{"", network->get()}});
    }
    for (const auto& item : network_->named_parameters())
      item.value().set_requires_grad(is_personal(item.key()));
    optimizer_.emplace(*network_, options.learning_rate);
    compute_ = options.bf16 && generator::fast_bf16() ? torch::kBFloat16 : torch::kFloat32;
    if (options.resume && !options.checkpoint.empty() && std::filesystem::exists(options.checkpoint))
      load_checkpoint(options.checkpoint, checkpoint_header(), state());
  }

  PersonResult run() {
    start_ = Clock::now();
    const std::int64_t first = step_;
    result_.before = measure(base_);
    if (step_ == 0) best_psnr_ = result_.before.psnr;
    tell(&result_.before, step_ == 0);
    FaceBatches batches(*data_, model_, {options_.min_gap, false}, options_.batch, options_.seed, step_, 1);
    double training = 0;
    while (!finished()) {
      auto before = Clock::now();
      take_step(batches.next());
      ++step_;
      training += seconds_since(before);
      if (step_ % options_.evaluate_every == 0 || finished())
        evaluate();
      else
        tell(nullptr, false);
    }
    save();
    result_.steps = step_;
    result_.best_step = std::int64_t(best_step_);
    result_.gave_up = stale_ >= options_.patience;
    result_.after = best_figures_ ? *best_figures_ : result_.best_step > 0 ? measure(best_) : result_.before;
    result_.milliseconds_a_step = step_ > first ? 1e3 * training / double(step_ - first) : 0;
    return result_;
  }

 private:
  // What a resumed run must share with the first.
  nets::WeightsHeader checkpoint_header() const {
    nlohmann::json config = {{"base", options_.base_hash},
                             {"frames", data_->frames().size()},
                             {"batch", options_.batch},
                             {"learning_rate", options_.learning_rate},
                             {"seed", options_.seed}};
    return {"person-training", nets::kPersonVersion, config.dump()};
  }
  TrainingState state() {
    return {{{"network.", network_.get()}, {"average.", average_.get()}, {"best.", best_.get()}},
            {{"adam.", &*optimizer_->adam}},
            &step_,
            {{"best_psnr", &best_psnr_}, {"best_step", &best_step_}, {"stale", &stale_}, {"spent", &spent_}},
            nullptr};
  }

  double spent() const { return spent_ + seconds_since(start_); }
  double done() const {
    double by_steps = options_.steps > 0 ? double(step_) / double(options_.steps) : 0;
    double by_clock = options_.minutes > 0 ? spent() / (60 * options_.minutes) : 0;
    return std::min(1.0, std::max(by_steps, by_clock));
  }
  bool finished() const {
    return done() >= 1 || stale_ >= options_.patience || (options_.stop_at > 0 && step_ >= options_.stop_at);
  }

  void tell(const HeldOutFigures* measured, bool best) const {
    if (progress_) progress_({done(), step_, measured, best});
  }

  HeldOutFigures measure(nets::RewiredGenerator& network) {
    return measure_generator(network, *data_, held_out_, model_, options_.held_out_samples,
                             options_.held_out_gap, compute_, {})
        .network;
  }

  void take_step(const FaceBatch& batch) {
    const double warm = std::min(1.0, double(step_ + 1) / 10);
    optimizer_->set_rate(warm * cosine_rate(done(), options_.learning_rate, 0.05));
    nets::Painted painted = network_(batch.guidance, compute_);
    painted.residual = coarse_part(painted.residual);
    Tensor loss = reconstruction_loss(nets::compose(painted, batch.guidance), batch).total();
    optimizer_->adam->zero_grad();
    loss.backward();
    torch::nn::utils::clip_grad_norm_(network_->parameters(), 1.0);
    optimizer_->adam->step();
    update_average(average_.get(), *network_, warmed_decay(step_, options_.average));
  }

  void evaluate() {
    const HeldOutFigures figures = measure(average_);
    const bool better = figures.psnr > best_psnr_;
    stale_ = better ? 0 : stale_ + 1;
    if (better) {
      best_psnr_ = figures.psnr;
      best_figures_ = figures;
      best_step_ = double(step_);
      update_average(best_.get(), *average_, 0);
    }
    tell(&figures, better);
    if (options_.checkpoint.empty()) return;
    const double before = spent_;
    spent_ = spent();
    save_checkpoint(options_.checkpoint, checkpoint_header(), state());
    spent_ = before;
  }

  void save() {
    nets::Offsets offsets;
    const auto base = base_->named_parameters();
    if (best_step_ > 0)
      for (const auto& item : best_->named_parameters())
        if (is_personal(item.key())) offsets[item.key()] = item.value().detach() - base[item.key()].detach();
    nets::save_person(options_.output, options_.base_hash, offsets);
  }

  const PersonOptions& options_;
  const std::function<void(const PersonProgress&)>& progress_;
  mesh::FaceModel model_;
  std::optional<FacesDataset> data_;
  std::vector<FrameId> held_out_;
  nets::RewiredGenerator base_{nullptr}, network_{nullptr}, average_{nullptr}, best_{nullptr};
  std::optional<GeneratorAdam> optimizer_;
  torch::ScalarType compute_ = torch::kFloat32;
  std::int64_t step_ = 0;
  double best_psnr_ = 0, best_step_ = 0, stale_ = 0;  // stale_: measurements since the best
  double spent_ = 0;                                  // s, by earlier runs
  std::optional<HeldOutFigures> best_figures_;        // of this run
  Clock::time_point start_;
  PersonResult result_;
};
}  // namespace

PersonResult personalize(std::vector<core::TensorFile> faces, const PersonOptions& options,
                         const std::function<void(const PersonProgress&)>& progress) {
  check(options);
  keep_memory();
  try {
    return Personalizer(std::move(faces), options, progress).run();
  } catch (const c10::Error& e) {
    throw Error(ErrorKind::internal, std::string("LibTorch: ") + e.what_without_backtrace(),
                "adapting to a person");
  }
}

void write_unchanged_person(const std::filesystem::path& path, const std::string& base_hash) {
  nets::save_person(path, base_hash, {});
}

}  // namespace resyncer::train
