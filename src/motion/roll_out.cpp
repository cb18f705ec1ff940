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

struct RollOut::Workspace {
  struct Layer {
    Matrix past_keys, past_values;    // history x width, slot = frame % history
    Matrix audio_keys, audio_values;  // a row a feature, from feature `first_feature` on
  };
  std::vector<Layer> layers;
  int first_feature = 0;
  Matrix direct;  // a row a frame of the block: the direct path
  Matrix rows;    // features of the block, then pairs of them
  Eigen::VectorXf normed, projected, query, mixed, hidden, scores;
};

RollOut::RollOut(const nets::SyncFormer& former)
    : config_(former->config()),
      mesh_in_(linear_of(former->mesh_in)),
      style_in_(linear_of(former->style_in)),
      mesh_out_(linear_of(former->mesh_out)),
      gain_(linear_of(former->gain)),
      out_norm_(norm_of(former->out_norm)),
      unknown_(vector_of(former->unknown)),
      mean_mesh_(vector_of(former->mean_mesh)) {
  if (config_.direct != 0) direct_ = linear_of(former->direct);
  for (const auto& item : *former->blocks) {
    const auto& b = *item->as<nets::SyncBlock>();
    blocks_.push_back({norm_of(b.self_norm), norm_of(b.cross_norm), norm_of(b.feed_norm), linear_of(b.qkv),
                       linear_of(b.self_out), linear_of(b.cross_query), linear_of(b.cross_kv),
                       linear_of(b.cross_out), linear_of(b.feed_in), linear_of(b.feed_out),
                       matrix_of(b.self_position), matrix_of(b.audio_position)});
  }
}

// Keys, values and direct path of the features that frames first_frame..last_frame - 1 see.
void RollOut::project_audio(const core::FeatureSequence& features, int first_frame, int last_frame,
                            Workspace* w) const {
  const int reach = int(config_.reach), width = int(config_.width), dims = features.dims;
  const int first = std::max(0, 2 * first_frame + 1 - reach);
  const int last = std::min(features.frames, 2 * (last_frame - 1) + reach + 1);
  Eigen::Map<const Matrix> all(features.values.data(), features.frames, dims);
  w->first_feature = first;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Linear& kv = blocks_[i].cross_kv;
    auto& layer = w->layers[i];
    auto rows = all.middleRows(first, last - first);
    layer.audio_keys.noalias() = rows * kv.weight.topRows(width).transpose();
    layer.audio_keys.rowwise() += kv.bias.head(width).transpose();
    layer.audio_values.noalias() = rows * kv.weight.bottomRows(width).transpose();
    layer.audio_values.rowwise() += kv.bias.tail(width).transpose();
  }
  if (config_.direct == 0) return;
  w->rows.resize(last_frame - first_frame, 2 * dims);
  for (int t = first_frame; t < last_frame; ++t) {
    w->rows.row(t - first_frame).head(dims) = all.row(2 * t);
    w->rows.row(t - first_frame).tail(dims) = all.row(std::min(2 * t + 1, features.frames - 1));
  }
  w->direct.noalias() = w->rows * direct_.weight.transpose();
  w->direct.rowwise() += direct_.bias.transpose();
}

// The token of one frame through all blocks.
void RollOut::step(int frame, int feature_count, Workspace* w, Eigen::VectorXf* x) const {
  const int width = int(config_.width), heads = int(config_.heads), size = width / heads;
  const int history = int(config_.history), reach = int(config_.reach);
  const float scale = 1.F / std::sqrt(float(size));
  const int past = std::min(frame + 1, history);
  const int first = std::max(0, 2 * frame + 1 - reach), last = std::min(feature_count, 2 * frame + 1 + reach);
  // Softmax in place over scores.head(n).
  auto normalise = [&](int n) {
    auto s = w->scores.head(n).array();
    s = (s - s.maxCoeff()).exp();
    s /= s.sum();
  };
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& b = blocks_[i];
    auto& layer = w->layers[i];
    apply(b.self_norm, *x, &w->normed);
    apply(b.qkv, w->normed, &w->projected);
    layer.past_keys.row(frame % history) = w->projected.segment(width, width);
    layer.past_values.row(frame % history) = w->projected.tail(width);
    for (int h = 0; h < heads; ++h) {
      auto query = w->projected.segment(h * size, size);
      for (int slot = 0; slot < past; ++slot) {
        int age = (frame - slot) % history;
        w->scores[slot] =
            scale * layer.past_keys.row(slot).segment(h * size, size).dot(query) + b.self_position(h, age);
      }
      normalise(past);
      w->mixed.segment(h * size, size).noalias() =
          layer.past_values.block(0, h * size, past, size).transpose() * w->scores.head(past);
    }
    apply(b.self_out, w->mixed, &w->projected);
    *x += w->projected;

    apply(b.cross_norm, *x, &w->normed);
    apply(b.cross_query, w->normed, &w->query);
    int count = last - first, row = first - w->first_feature, place = first - (2 * frame + 1 - reach);
    for (int h = 0; h < heads; ++h) {
      w->scores.head(count).noalias() =
          layer.audio_keys.block(row, h * size, count, size) * (scale * w->query.segment(h * size, size));
      w->scores.head(count) += b.audio_position.row(h).segment(place, count).transpose();
      normalise(count);
      w->mixed.segment(h * size, size).noalias() =
          layer.audio_values.block(row, h * size, count, size).transpose() * w->scores.head(count);
    }
    apply(b.cross_out, w->mixed, &w->projected);
    *x += w->projected;

    apply(b.feed_norm, *x, &w->normed);
    apply(b.feed_in, w->normed, &w->hidden);
    w->hidden = w->hidden.cwiseMax(0.F);
    apply(b.feed_out, w->hidden, &w->projected);
    *x += w->projected;
  }
}

void RollOut::run(const core::FeatureSequence& features, const Eigen::VectorXf& style,
                  Coefficients* out) const {
  const int frames = (features.frames + 1) / 2, width = int(config_.width);
  Workspace w;
  w.layers.resize(blocks_.size());
  for (auto& layer : w.layers) layer.past_keys = layer.past_values = Matrix::Zero(config_.history, width);
  w.mixed.resize(width);
  w.scores.resize(std::max(config_.history, 2 * config_.reach));

  Eigen::VectorXf style_token, gain, x, mesh, token;
  apply(style_in_, style, &style_token);
  apply(gain_, style, &gain);
  gain.array() += 1.F;
  out->resize(frames, config_.coefficients);
  for (int t = 0; t < frames; ++t) {
    if (t % kBlockFrames == 0) project_audio(features, t, std::min(frames, t + kBlockFrames), &w);
    if (t == 0) {
      x = unknown_ + style_token;
    } else {
      token = mesh - mean_mesh_;
      apply(mesh_in_, token, &x);
      x += style_token;
    }
    step(t, features.frames, &w, &x);
    apply(out_norm_, x, &w.normed);
    apply(mesh_out_, w.normed, &mesh);
    if (config_.direct != 0) mesh += w.direct.row(t % kBlockFrames).transpose();
    mesh = mean_mesh_ + mesh.cwiseProduct(gain);
    out->row(t) = mesh.transpose();
  }
}

}  // namespace resyncer::motion
