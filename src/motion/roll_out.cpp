#include "roll_out.h"

#include <algorithm>
#include <cmath>

namespace resyncer::motion {

namespace {
constexpr int kBlockFrames = 256;  // frames whose audio is projected at once

Eigen::VectorXf vector_of(const torch::Tensor& t) {
  torch::Tensor flat = t.detach().to(torch::kFloat32).cpu().contiguous();
  return Eigen::Map<const Eigen::VectorXf>(flat.data_ptr<float>(), flat.numel());
}

Matrix matrix_of(const torch::Tensor& t) {
  torch::Tensor flat = t.detach().to(torch::kFloat32).cpu().contiguous();
  return Eigen::Map<const Matrix>(flat.data_ptr<float>(), flat.size(0), flat.size(1));
}

Linear linear_of(const torch::nn::Linear& l) { return {matrix_of(l->weight), vector_of(l->bias)}; }
Norm norm_of(const torch::nn::LayerNorm& n) { return {vector_of(n->weight), vector_of(n->bias)}; }

void apply(const Linear& linear, const Eigen::VectorXf& x, Eigen::VectorXf* y) {
  *y = linear.bias;
  y->noalias() += linear.weight * x;
}

void apply(const Norm& norm, const Eigen::VectorXf& x, Eigen::VectorXf* y) {
  float mean = x.mean();
  float deviation = std::sqrt((x.array() - mean).square().mean() + 1e-5F);
  *y = ((x.array() - mean) / deviation * norm.scale.array() + norm.shift.array()).matrix();
}
}  // namespace

struct RollOut::State {
  struct Layer {
    Matrix past_keys, past_values;    // history x width, slot = frame % history
    Matrix audio_keys, audio_values;  // a row a feature, from feature `first_feature` on
  };
  std::vector<Layer> layers;
  int first_feature = 0;
  Matrix direct;             // a row a frame of the block: the direct path
  Matrix rows;               // features of the block, then pairs of them
  Eigen::VectorXf closures;  // logit a frame of the block
  Eigen::VectorXf normed, projected, query, mixed, hidden, scores;

  std::vector<float> features;  // rows from feature `first_held` on, as many as the frames to come see
  int first_held = 0, received = 0, dims = 0;
  int frame = 0;  // next to come
  Eigen::VectorXf style_token, gain, motion, mesh;
};

void RollOut::Release::operator()(State* state) const { delete state; }

RollOut::RollOut(const nets::SyncFormer& former)
    : config_(former->config()),
      mesh_in_(linear_of(former->mesh_in)),
      style_in_(linear_of(former->style_in)),
      mesh_out_(linear_of(former->mesh_out)),
      gain_(linear_of(former->gain)),
      out_norm_(norm_of(former->out_norm)),
      unknown_(vector_of(former->unknown)),
      mean_mesh_(vector_of(former->mean_mesh)),
      closure_(vector_of(former->closure)),
      motion_basis_(matrix_of(former->motion_basis)) {
  if (config_.direct != 0) direct_ = linear_of(former->direct);
  for (const auto& item : *former->blocks) {
    const auto& b = *item->as<nets::SyncBlock>();
    blocks_.push_back({norm_of(b.self_norm), norm_of(b.cross_norm), norm_of(b.feed_norm), linear_of(b.qkv),
                       linear_of(b.self_out), linear_of(b.cross_query), linear_of(b.cross_kv),
                       linear_of(b.cross_out), linear_of(b.feed_in), linear_of(b.feed_out),
                       matrix_of(b.self_position), matrix_of(b.audio_position)});
  }
}

// Keys, values and direct path of the features that the frames up to last_frame - 1 see.
void RollOut::project_audio(int last_frame, State* s) const {
  const int reach = int(config_.reach), width = int(config_.width), dims = s->dims, first_frame = s->frame;
  const int first = std::max(0, 2 * first_frame + 1 - reach);
  const int last = std::min(s->received, 2 * (last_frame - 1) + reach + 1);
  Eigen::Map<const Matrix> held(s->features.data(), s->received - s->first_held, dims);
  s->first_feature = first;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Linear& kv = blocks_[i].cross_kv;
    auto& layer = s->layers[i];
    auto rows = held.middleRows(first - s->first_held, last - first);
    layer.audio_keys.noalias() = rows * kv.weight.topRows(width).transpose();
    layer.audio_keys.rowwise() += kv.bias.head(width).transpose();
    layer.audio_values.noalias() = rows * kv.weight.bottomRows(width).transpose();
    layer.audio_values.rowwise() += kv.bias.tail(width).transpose();
  }
  s->rows.resize(last_frame - first_frame, 2 * dims);
  for (int t = first_frame; t < last_frame; ++t) {
    s->rows.row(t - first_frame).head(dims) = held.row(2 * t - s->first_held);
    s->rows.row(t - first_frame).tail(dims) = held.row(std::min(2 * t + 1, s->received - 1) - s->first_held);
  }
  s->closures.noalias() = s->rows * closure_.head(2 * dims);
  s->closures.array() += closure_[2 * dims];
  if (config_.direct == 0) return;
  s->direct.noalias() = s->rows * direct_.weight.transpose();
  s->direct.rowwise() += direct_.bias.transpose();
}

// The token of one frame through all blocks.
void RollOut::step(State* s, Eigen::VectorXf* x) const {
  const int width = int(config_.width), heads = int(config_.heads), size = width / heads;
  const int history = int(config_.history), reach = int(config_.reach), frame = s->frame;
  const float scale = 1.F / std::sqrt(float(size));
  const int past = std::min(frame + 1, history);
  const int first = std::max(0, 2 * frame + 1 - reach), last = std::min(s->received, 2 * frame + 1 + reach);
  // Softmax in place over scores.head(n).
  auto normalise = [&](int n) {
    auto score = s->scores.head(n).array();
    score = (score - score.maxCoeff()).exp();
    score /= score.sum();
  };
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& b = blocks_[i];
    auto& layer = s->layers[i];
    apply(b.self_norm, *x, &s->normed);
    apply(b.qkv, s->normed, &s->projected);
    layer.past_keys.row(frame % history) = s->projected.segment(width, width);
    layer.past_values.row(frame % history) = s->projected.tail(width);
    for (int h = 0; h < heads; ++h) {
      auto query = s->projected.segment(h * size, size);
      for (int slot = 0; slot < past; ++slot) {
        int age = (frame - slot) % history;
        s->scores[slot] =
            scale * layer.past_keys.row(slot).segment(h * size, size).dot(query) + b.self_position(h, age);
      }
      normalise(past);
      s->mixed.segment(h * size, size).noalias() =
          layer.past_values.block(0, h * size, past, size).transpose() * s->scores.head(past);
    }
    apply(b.self_out, s->mixed, &s->projected);
    *x += s->projected;

    apply(b.cross_norm, *x, &s->normed);
    apply(b.cross_query, s->normed, &s->query);
    int count = last - first, row = first - s->first_feature, place = first - (2 * frame + 1 - reach);
    for (int h = 0; h < heads; ++h) {
      s->scores.head(count).noalias() =
          layer.audio_keys.block(row, h * size, count, size) * (scale * s->query.segment(h * size, size));
      s->scores.head(count) += b.audio_position.row(h).segment(place, count).transpose();
      normalise(count);
      s->mixed.segment(h * size, size).noalias() =
          layer.audio_values.block(row, h * size, count, size).transpose() * s->scores.head(count);
    }
    apply(b.cross_out, s->mixed, &s->projected);
    *x += s->projected;

    apply(b.feed_norm, *x, &s->normed);
    apply(b.feed_in, s->normed, &s->hidden);
    s->hidden = s->hidden.cwiseMax(0.F);
    apply(b.feed_out, s->hidden, &s->projected);
    *x += s->projected;
  }
}

RollOut::StatePtr RollOut::begin(const Eigen::VectorXf& style) const {
  StatePtr s(new State);
  s->layers.resize(blocks_.size());
  for (auto& layer : s->layers)
    layer.past_keys = layer.past_values = Matrix::Zero(config_.history, config_.width);
  s->mixed.resize(config_.width);
  s->scores.resize(std::max(config_.history, 2 * config_.reach));
  s->dims = int(config_.audio);
  apply(style_in_, style, &s->style_token);
  apply(gain_, style, &s->gain);
  s->gain.array() += 1.F;
  return s;
}

// The next `frames` of them, whose features are there.
void RollOut::run_block(int frames, State* s, Output* out) const {
  Eigen::VectorXf x;
  project_audio(s->frame + frames, s);
  for (int t = 0; t < frames; ++t, ++s->frame) {
    if (s->frame == 0) {
      x = unknown_ + s->style_token;
    } else {
      apply(mesh_in_, s->motion, &x);
      x += s->style_token;
    }
    step(s, &x);
    apply(out_norm_, x, &s->normed);
    apply(mesh_out_, s->normed, &s->motion);
    if (config_.direct != 0) s->motion += s->direct.row(t).transpose();
    s->motion.array() *= s->gain.array();
    s->mesh = mean_mesh_;
    s->mesh.noalias() += motion_basis_ * s->motion;
    out->meshes.insert(out->meshes.end(), s->mesh.data(), s->mesh.data() + s->mesh.size());
    out->shut.push_back(1 / (1 + std::exp(-s->closures[t])));
  }
  const int needed = std::clamp(2 * s->frame + 1 - int(config_.reach), s->first_held, s->received);
  s->features.erase(s->features.begin(),
                    s->features.begin() + std::ptrdiff_t(needed - s->first_held) * s->dims);
  s->first_held = needed;
}

void RollOut::push(const core::FeatureSequence& features, State* s, Output* out) const {
  constexpr int kPiece = 1024;  // so that one long call needs no more memory than many short ones
  for (int done = 0; done < features.frames; done += kPiece) {
    const int count = std::min(kPiece, features.frames - done);
    s->features.insert(s->features.end(), features.row(done),
                       features.row(done) + std::ptrdiff_t(count) * s->dims);
    s->received += count;
    while (s->received > 2 * (s->frame + kBlockFrames - 1) + int(config_.reach))
      run_block(kBlockFrames, s, out);
  }
}

void RollOut::finish(State* s, Output* out) const {
  for (const int all = (s->received + 1) / 2; s->frame < all;)
    run_block(std::min(kBlockFrames, all - s->frame), s, out);
}

}  // namespace resyncer::motion
