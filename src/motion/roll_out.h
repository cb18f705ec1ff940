// Autoregressive inference of the Style-SyncFormer, token by token with cached keys and values. The same
// weights and arithmetic as nets::SyncFormer, written out in Eigen: at one token a step, torch would spend
// its time on overhead.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "resyncer/core/feature_sequence.h"
#include "resyncer/motion/sync_former.h"
#include "resyncer/nets/sync_former.h"

namespace resyncer::motion {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Linear {
  Matrix weight;  // out x in
  Eigen::VectorXf bias;
};

struct Norm {
  Eigen::VectorXf scale, shift;
};

class RollOut {
 public:
  explicit RollOut(const nets::SyncFormer& former);

  // Meshes of ceil(features / 2) frames from nothing; `style` is a code (style_size).
  void run(const core::FeatureSequence& features, const Eigen::VectorXf& style, Coefficients* out) const;

 private:
  struct Block {
    Norm self_norm, cross_norm, feed_norm;
    Linear qkv, self_out, cross_query, cross_kv, cross_out, feed_in, feed_out;
    Matrix self_position, audio_position;
  };
  struct Workspace;
  void project_audio(const core::FeatureSequence& features, int first_frame, int last_frame,
                     Workspace* w) const;
  void step(int frame, int feature_count, Workspace* w, Eigen::VectorXf* x) const;

  nets::SyncFormerConfig config_;
  std::vector<Block> blocks_;
  Linear mesh_in_, style_in_, mesh_out_, gain_, direct_;
  Norm out_norm_;
  Eigen::VectorXf unknown_, mean_mesh_;
};

}  // namespace resyncer::motion
