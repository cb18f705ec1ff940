#include "resyncer/train/identity.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "checkpoint.h"
#include "dataset_part.h"
#include "identity_dataset.h"
#include "optimisation.h"
#include "random.h"
#include "resyncer/nets/identity_net.h"
#include "training_loop.h"

namespace resyncer::train {

namespace {

using core::Error;
using core::ErrorKind;
namespace F = torch::nn::functional;

torch::Tensor picture(const IdentityDataset& data, std::int64_t row) {
  auto* bytes = const_cast<std::uint8_t*>(data.pictures.data()) + row * data.side * data.side;  // only read
  return torch::from_blob(bytes, {1, data.side, data.side}, torch::kUInt8).to(torch::kFloat32);
}

// Two pictures of each of `count` people: of different files where there are several. [2 count, 1, S, S]
torch::Tensor draw(const IdentityDataset& data, std::int64_t count, std::mt19937_64* random) {
  std::vector<std::size_t> order(data.people.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), *random);
  order.resize(std::min(order.size(), std::size_t(count)));
  std::vector<torch::Tensor> pictures(2 * order.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto& files = data.people[order[k]].files;
    std::size_t first = std::size_t(below(files.size(), random)), second = first;
    if (files.size() > 1) second = (first + 1 + std::size_t(below(files.size() - 1, random))) % files.size();
    pictures[k] = picture(data, files[first][std::size_t(below(files[first].size(), random))]);
    pictures[k + order.size()] =
        picture(data, files[second][std::size_t(below(files[second].size(), random))]);
  }
  return torch::stack(pictures);
}

torch::Tensor scaled(const torch::Tensor& x, std::int64_t side, bool smooth) {
  auto options = F::InterpolateFuncOptions().size(std::vector<std::int64_t>{side, side}).align_corners(false);
  return smooth ? F::interpolate(x, options.mode(torch::kBicubic))
                : F::interpolate(x, options.mode(torch::kBilinear));
}

// Smooth noise, [n, channels, side, side], of standard deviation 1 or so at its knots.
torch::Tensor smooth_noise(std::int64_t n, std::int64_t channels, std::int64_t knots, std::int64_t side) {
  return scaled(torch::randn({n, channels, knots, knots}), side, true);
}

// Another framing of every picture, mirrored or not; and another shape of every face, the same in both
// pictures of a person: more people than there are, told apart by the shapes of their features alone.
torch::Tensor reshape_faces(const torch::Tensor& x, std::mt19937_64* random) {
  const std::int64_t n = x.size(0), side = x.size(2);
  torch::Tensor maps = torch::zeros({n, 2, 3});
  auto map = maps.accessor<float, 3>();
  for (std::int64_t i = 0; i < n; ++i) {
    const double turn = uniform(-0.1, 0.1, random), scale = uniform(0.9, 1.1, random);
    const double mirror = uniform(0, 1, random) < 0.5 ? -1 : 1;
    map[i][0][0] = float(mirror * scale * std::cos(turn)), map[i][0][1] = float(-scale * std::sin(turn));
    map[i][1][0] = float(mirror * scale * std::sin(turn)), map[i][1][1] = float(scale * std::cos(turn));
    map[i][0][2] = float(uniform(-0.06, 0.06, random)), map[i][1][2] = float(uniform(-0.06, 0.06, random));
  }
  const torch::Tensor grid = F::affine_grid(maps, x.sizes().vec(), false);
  auto sample = [&](const torch::Tensor& from, const torch::Tensor& at) {
    return F::grid_sample(from, at,
                          F::GridSampleFuncOptions().padding_mode(torch::kBorder).align_corners(false));
  };
  constexpr double kShape = 0.05;  // of half the picture's width
  const torch::Tensor shape = (kShape * smooth_noise(n / 2, 2, 4, side)).repeat({2, 1, 1, 1});
  return sample(x, grid + sample(shape, grid).permute({0, 2, 3, 1}));
}

// One picture, [1, 1, S, S]: a rectangle of it hidden, as by hair or a hand.
void hide_part(torch::Tensor* p, std::mt19937_64* random) {
  const std::int64_t side = p->size(2);
  const std::int64_t height = below(std::size_t(side / 2), random),
                     width = below(std::size_t(side / 3), random);
  const std::int64_t top = below(std::size_t(side), random) - height / 2,
                     left = below(std::size_t(side), random) - width / 2;
  *p = p->clone();
  p->slice(2, std::max<std::int64_t>(0, top), std::max<std::int64_t>(0, top + height))
      .slice(3, std::max<std::int64_t>(0, left), std::max<std::int64_t>(0, left + width))
      .fill_(uniform(0, 255, random));
}

// The coarse shades of half the pictures are taken from others, as a swap takes them from the footage.
torch::Tensor exchange_shades(const torch::Tensor& x, std::mt19937_64* random) {
  const std::int64_t reach = 6 + below(10, random);
  const torch::Tensor coarse =
      torch::avg_pool2d(x, 2 * reach + 1, 1, reach, false, /*count_include_pad=*/false);
  const torch::Tensor others = coarse.index_select(0, torch::randperm(x.size(0)));
  const torch::Tensor share = (torch::rand({x.size(0), 1, 1, 1}) < 0.5).to(torch::kFloat32);
  return x + share * (others - coarse);
}

// Other light, contrast of details and sharpness in every picture: a swap takes them from the footage, so
// they must not tell people apart.
torch::Tensor augment(const torch::Tensor& pictures, std::mt19937_64* random) {
  const torch::Tensor x = exchange_shades(reshape_faces(pictures, random), random);
  const std::int64_t n = x.size(0), side = x.size(2);
  const torch::Tensor light = (0.35 * smooth_noise(n, 1, 3, side)).exp();
  const torch::Tensor coarse = torch::avg_pool2d(x, 9, 1, 4, false, /*count_include_pad=*/false);
  std::vector<torch::Tensor> out;
  for (std::int64_t i = 0; i < n; ++i) {
    auto at = [i](const torch::Tensor& all) { return all.slice(0, i, i + 1); };
    torch::Tensor p = at(coarse) + uniform(0.4, 1.3, random) * (at(x) - at(coarse));
    if (uniform(0, 1, random) < 0.5) {
      const auto small = std::int64_t(std::lround(uniform(0.2, 1, random) * double(side)));
      p = scaled(scaled(p, small, false), side, false);
    }
    p = 255 * (p.clamp(0, 255) / 255).pow(std::exp(uniform(-0.6, 0.6, random))) * at(light);
    p = p + uniform(0, 6, random) * torch::randn_like(p);
    if (uniform(0, 1, random) < 0.6) hide_part(&p, random);
    out.push_back(p);
  }
  return torch::cat(out);
}

// `left_out`: share of the wrong pictures of each that may show the same person.
torch::Tensor loss_of(const torch::Tensor& vectors, double sharpness, double left_out) {
  const std::int64_t n = vectors.size(0), people = n / 2;
  const torch::Tensor self = torch::eye(n, torch::kBool);
  const torch::Tensor partner = (torch::arange(n) + people) % n;
  torch::Tensor excluded = self.clone();
  const torch::Tensor logits = sharpness * vectors.mm(vectors.t()).masked_fill(self, -1e4);
  const auto hidden = std::int64_t(left_out * double(n - 2));
  if (hidden > 0) {
    torch::NoGradGuard no_grad;
    const torch::Tensor wrong = logits.scatter(1, partner.unsqueeze(1), -1e4);
    const torch::Tensor alike = std::get<1>(wrong.topk(hidden, 1));
    excluded.scatter_(1, alike, true);
  }
  return F::cross_entropy(logits.masked_fill(excluded, -1e4), partner);
}

struct Scores {
  std::vector<double> same, different;
};

void score(const IdentityDataset& data, nets::IdentityNet net, Scores* scores) {
  torch::NoGradGuard no_grad;
  std::vector<std::vector<torch::Tensor>> people;  // a vector a file, or a half of the only one
  auto describe = [&](const std::vector<std::int64_t>& rows) {
    std::vector<torch::Tensor> pictures;
    pictures.reserve(rows.size());
    for (std::int64_t row : rows) pictures.push_back(picture(data, row));
    const torch::Tensor sum = net->forward(torch::stack(pictures)).sum(0);
    return sum / sum.norm().clamp_min(1e-12);
  };
  const bool labelled = data.is_labelled();
  for (const auto& person : data.people) {
    people.emplace_back();
    for (const auto& rows : person.files) {
      const std::vector<std::int64_t> first(rows.begin(), rows.begin() + std::ptrdiff_t(rows.size() / 2)),
          second(rows.begin() + std::ptrdiff_t(rows.size() / 2), rows.end());
      if (!labelled && !first.empty()) people.back().push_back(describe(first));
      people.back().push_back(describe(labelled ? rows : second));
    }
  }
  for (std::size_t a = 0; a < people.size(); ++a)
    for (std::size_t b = a; b < people.size(); ++b)
      for (std::size_t i = 0; i < people[a].size(); ++i)
        for (std::size_t j = a == b ? i + 1 : 0; j < people[b].size(); ++j)
          (a == b ? scores->same : scores->different)
              .push_back(people[a][i].dot(people[b][j]).item<double>());
}

IdentityFigure figure_of(Scores scores) {
  IdentityFigure f;
  f.same = int(scores.same.size()), f.different = int(scores.different.size());
  if (f.same == 0 || f.different == 0) return f;
  std::sort(scores.same.begin(), scores.same.end());
  std::sort(scores.different.begin(), scores.different.end());
  double ranked = 0;
  for (double s : scores.same)
    ranked += double(std::lower_bound(scores.different.begin(), scores.different.end(), s) -
                     scores.different.begin());
  f.ranked_right = ranked / (double(f.same) * double(f.different));
  double nearest = 2;
  for (double t : scores.same) {
    const double refused =
        double(std::lower_bound(scores.same.begin(), scores.same.end(), t) - scores.same.begin()) / f.same;
    const double taken = double(scores.different.end() -
                                std::lower_bound(scores.different.begin(), scores.different.end(), t)) /
                         f.different;
    if (std::abs(refused - taken) >= nearest) continue;
    nearest = std::abs(refused - taken);
    f.equal_error = (refused + taken) / 2, f.threshold = t;
  }
  return f;
}

void check(const IdentityTrainOptions& o) {
  auto refuse = [](const std::string& what) { throw Error(ErrorKind::usage, what); };
  if (o.datasets.empty()) refuse("training needs at least one dataset file");
  if (o.output.empty()) refuse("training needs a file to write the weights to");
  if (o.resume && o.checkpoint.empty()) refuse("resuming needs a checkpoint file");
  if (o.steps < 1 || o.batch < 2 || o.report_every < 1 || o.evaluate_every < 1)
    refuse("steps, report_every and evaluate_every must be positive, batch at least 2");
  if (o.width < 8 || o.width > 128 || o.width % 4 != 0 || o.embedding < 2 || o.embedding > 512)
    refuse("width must be a multiple of 4 from 8 to 128, embedding from 2 to 512");
  if (!(o.left_out >= 0 && o.left_out < 0.9)) refuse("left_out must be from 0 to 0.9");
}

std::string settings_of(const IdentityTrainOptions& o) {
  nlohmann::json files = nlohmann::json::array();
  for (const auto& file : o.datasets) files.push_back(dataset_label(file));
  return nlohmann::json{{"datasets", files},       {"steps", o.steps},           {"seed", o.seed},
                        {"batch", o.batch},        {"width", o.width},           {"embedding", o.embedding},
                        {"rate", o.learning_rate}, {"decay", o.weight_decay},    {"dropout", o.dropout},
                        {"warm_up", o.warm_up},    {"average", o.average_decay}, {"sharpness", o.sharpness},
                        {"left_out", o.left_out}}
      .dump();
}

class IdentityTraining {
 public:
  explicit IdentityTraining(const IdentityTrainOptions& options) : options_(options) {
    for (const auto& name : options.datasets) data_.push_back(load_identity_dataset(name));
    seed_all(options.seed, &random_);
    const nets::IdentityNetConfig config{data_.front().side, options.width, options.embedding};
    net_ = nets::IdentityNet(config, options.dropout);
    average_ = nets::IdentityNet(config);
    update_average(average_.get(), *net_, 0);
    average_->eval();
    optimizer_ = make_adamw({{"", net_.get()}}, options.learning_rate, options.weight_decay);
    header_ = {"identity-training", 1, settings_of(options)};
    if (options.resume) load_checkpoint(options.checkpoint, header_, state());
  }

  IdentityTrainResult run();

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

  double train_step() {
    net_->train();
    const IdentityDataset& data = data_[std::size_t(below(data_.size(), &random_))];
    const torch::Tensor vectors = net_->forward(augment(draw(data, options_.batch, &random_), &random_));
    const torch::Tensor loss =
        loss_of(vectors, options_.sharpness, data.is_labelled() ? 0 : options_.left_out);
    optimizer_->zero_grad();
    loss.backward();
    torch::nn::utils::clip_grad_norm_(net_->parameters(), 1.0);
    set_learning_rate(optimizer_.get(),
                      scheduled_rate(step_, options_.steps, options_.warm_up, options_.learning_rate));
    optimizer_->step();
    ++step_;
    update_average(average_.get(), *net_, warmed_decay(step_, options_.average_decay));
    return loss.item<double>();
  }

  // Measured on the very file that would be shipped.
  bool evaluate(IdentityFigure* figure) {
    auto save = [&](const std::filesystem::path& file) { nets::save_identity_net(file, average_); };
    return keep_if_best(options_.output, save, [&](const std::filesystem::path& file) {
      if (options_.held_out.empty()) return true;
      *figure = measure_identity(file, options_.held_out);
      if (figure->ranked_right <= best_) return false;
      best_ = figure->ranked_right;
      return true;
    });
  }

  void report(const IdentityProgress& p) const {
    if (options_.progress) options_.progress(p);
    std::ostringstream row;
    row << p.step << ',' << p.seconds << ',' << p.loss << ',';
    if (p.held_out != nullptr)
      row << p.held_out->equal_error << ',' << p.held_out->ranked_right;
    else
      row << ',';
    append_to_curve(options_.curve, "step,seconds,loss,equal_error,ranked_right", row.str());
  }

  IdentityTrainOptions options_;
  std::vector<IdentityDataset> data_;
  nets::IdentityNet net_{nullptr}, average_{nullptr};
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  nets::WeightsHeader header_;
  std::mt19937_64 random_;
  std::int64_t step_ = 0;
  double seconds_ = 0, best_ = -1;
};

IdentityTrainResult IdentityTraining::run() {
  IdentityTrainResult result;
  begin_curve(options_.curve, options_.resume);
  auto report_moment = [&](const LoopMoment& moment) {
    IdentityProgress p{step_, options_.steps, seconds_, moment.loss, nullptr, false};
    IdentityFigure figure;
    if (moment.measured) p.best = evaluate(&figure);
    if (moment.measured && !options_.held_out.empty()) p.held_out = &figure;
    if (p.best) result.best = figure;
    report(p);
  };
  auto save = [&] {
    if (!options_.checkpoint.empty()) save_checkpoint(options_.checkpoint, header_, state());
  };
  run_training(
      {options_.steps, 0, options_.minutes, options_.report_every, options_.evaluate_every}, step_, &seconds_,
      [&] { return train_step(); }, report_moment, save);
  result.step = step_, result.seconds = seconds_;
  return result;
}

}  // namespace

IdentityFigure measure_identity(const std::filesystem::path& weights,
                                const std::vector<std::filesystem::path>& datasets) {
  const nets::IdentityNet net = nets::load_identity_net(weights);
  Scores scores;
  for (const auto& name : datasets) score(load_identity_dataset(name), net, &scores);
  return figure_of(std::move(scores));
}

IdentityTrainResult train_identity(const IdentityTrainOptions& options) {
  check(options);
  keep_memory();
  try {
    return IdentityTraining(options).run();
  } catch (const c10::Error& e) {
    throw Error(ErrorKind::internal, std::string("LibTorch: ") + e.what_without_backtrace());
  }
}

}  // namespace resyncer::train
