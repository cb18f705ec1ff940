// Autoregressive inference of the Style-SyncFormer, token by token with cached keys and values. The same
// weights and arithmetic as nets::SyncFormer, written out in Eigen: at one token a step, torch would spend
// its time on overhead.
#pragma once

#include <Eigen/Core>
#include <memory>
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
  struct Output {
    std::vector<float> meshes;  // rows of coefficients
    std::vector<float> shut;    // of each, probability that the lips have to be shut
  };

  explicit RollOut(const nets::SyncFormer& former);

  // How far a roll-out has come. Its size does not depend on the length of the speech.
  struct State;
  struct Release {
    void operator()(State* state) const;
  };
  using StatePtr = std::unique_ptr<State, Release>;

  // From nothing; `style` is a code (style_size).
  StatePtr begin(const Eigen::VectorXf& style) const;
  // Takes features, in pieces of any length, and appends the meshes that they suffice for; `finish` the rest,
  // up to ceil(features / 2) in all. The meshes do not depend on the pieces.
  void push(const core::FeatureSequence& features, State* state, Output* out) const;
  void finish(State* state, Output* out) const;

 private:
  struct Block {
    Norm self_norm, cross_norm, feed_norm;
    Linear qkv, self_out, cross_query, cross_kv, cross_out, feed_in, feed_out;
    Matrix self_position, audio_position;
  };
  void project_audio(int last_frame, State* s) const;
  void step(State* s, Eigen::VectorXf* x) const;
  void run_block(int frames, State* state, Output* out) const;

  nets::SyncFormerConfig config_;
  std::vector<Block> blocks_;
  Linear mesh_in_, style_in_, mesh_out_, gain_, direct_;
  Norm out_norm_;
  Eigen::VectorXf unknown_, mean_mesh_, closure_;
  Matrix motion_basis_;
};

}  // namespace resyncer::motion
