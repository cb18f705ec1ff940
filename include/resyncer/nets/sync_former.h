// Style-SyncFormer (ReSyncer, section 3.1): past meshes, speech features and one style token to the next
// mesh.
//
// A mesh is a vector of speech-expression coefficients (unit sigma) at 25 Hz. The network itself speaks in
// `components` of how real mouths move (SyncFormerImpl::motion_basis), each of unit deviation: the bases of
// the face model hold shapes that nobody makes, and a network that may use them opens the mouth with the one
// that opens it most. Speech features come at 50 Hz,
// features 2t and 2t+1 belonging to mesh t. The decoder's token t holds mesh t-1 (or a learned token where it
// is unknown) and the style; each block is self-attention over the last `history` tokens, cross-attention
// over the `reach` features on either side of the frame, both with learned biases by relative position, then
// feed-forward. A direct linear path from the features of the frame itself to the mesh stands beside it.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "resyncer/nets/speech_encoder.h"
#include "resyncer/nets/weights.h"

namespace resyncer::nets {

struct SyncFormerConfig {
  std::int64_t coefficients = 24;  // of a mesh
  std::int64_t components = 8;     // of motion
  std::int64_t audio = 128;        // channels of the speech features
  std::int64_t width = 128;        // of a token
  std::int64_t layers = 2;
  std::int64_t heads = 4;
  std::int64_t feed_forward = 256;
  std::int64_t history = 24;      // tokens that self-attention sees, its own included
  std::int64_t reach = 16;        // features to either side: frame t sees features 2t+1-reach .. 2t+reach
  std::int64_t style_layers = 2;  // of the style encoder
  std::int64_t style_size = 16;   // its bottleneck
  std::int64_t direct = 1;        // 1 = with the direct audio path

  std::vector<ConfigField> fields();
};

// One block: what its attention projects is public to the module, so that inference can run it token by
// token.
class SyncBlockImpl : public torch::nn::Module {
 public:
  SyncBlockImpl(const SyncFormerConfig& config, double dropout);
  // x [B, L, width]; audio [B, F, audio], normalised; biases [1 or B, heads, L, keys] with -inf where nothing
  // is seen.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& audio, const torch::Tensor& self_bias,
                        const torch::Tensor& audio_bias);

  torch::nn::LayerNorm self_norm{nullptr}, cross_norm{nullptr}, feed_norm{nullptr};
  torch::nn::Linear qkv{nullptr}, self_out{nullptr};
  torch::nn::Linear cross_query{nullptr}, cross_kv{nullptr}, cross_out{nullptr};
  torch::nn::Linear feed_in{nullptr}, feed_out{nullptr};
  torch::Tensor self_position;   // [heads, history]: bias by age of the token, 0 = the token itself
  torch::Tensor audio_position;  // [heads, 2 reach]: bias by place in the window

 private:
  std::int64_t heads_;
  double dropout_;
};
TORCH_MODULE(SyncBlock);

// Self-attention and feed-forward over a window of meshes, averaged, squeezed through `style_size` numbers.
class StyleEncoderImpl : public torch::nn::Module {
 public:
  StyleEncoderImpl(const SyncFormerConfig& config, double dropout);
  // motion [B, S, components], seen [B, S] (1 = real, 0 = padding; at least one a row) -> code [B,
  // style_size].
  torch::Tensor forward(const torch::Tensor& motion, const torch::Tensor& seen);

 private:
  SyncFormerConfig config_;
  double dropout_;
  torch::nn::Linear input_{nullptr}, code_{nullptr};
  torch::nn::ModuleList norms_, qkvs_, outs_, feed_norms_, feed_ins_, feed_outs_;
  torch::nn::LayerNorm norm_{nullptr};
};
TORCH_MODULE(StyleEncoder);

class SyncFormerImpl : public torch::nn::Module {
 public:
  explicit SyncFormerImpl(const SyncFormerConfig& config, double dropout = 0.0);

  // Code of a style window; `no_style()` is the mean style. Both [B, style_size].
  torch::Tensor encode_style(const torch::Tensor& meshes, const torch::Tensor& seen);
  torch::Tensor no_style(std::int64_t batch) const;

  // L meshes, teacher-forced, in parallel.
  //   past     [B, L, coefficients]: mesh t-1 for every t
  //   known    [B, L]: 1 = use it, 0 = the learned token instead
  //   features [B, 2 L + 2 reach - 2, audio]: from feature 1 - reach of the first frame to `reach` of the
  //   last inside   [B, same]: 1 = the feature lies within the clip style    [B, style_size]
  torch::Tensor forward(const torch::Tensor& past, const torch::Tensor& known, const torch::Tensor& features,
                        const torch::Tensor& inside, const torch::Tensor& style);

  // What the direct path says by itself [B, L, coefficients]: `features` as above, `style` the code.
  torch::Tensor forward_direct(const torch::Tensor& features, const torch::Tensor& style);

  // Components of meshes, and meshes of components, [..., coefficients] and [..., components].
  torch::Tensor components_of(const torch::Tensor& meshes) const;
  torch::Tensor meshes_of(const torch::Tensor& components) const;

  const SyncFormerConfig& config() const { return config_; }

  torch::nn::Linear mesh_in{nullptr}, style_in{nullptr}, mesh_out{nullptr}, gain{nullptr}, direct{nullptr};
  torch::nn::LayerNorm out_norm{nullptr};
  torch::nn::ModuleList blocks;
  StyleEncoder style_encoder{nullptr};
  torch::Tensor unknown;     // [width]: token of an unknown mesh
  torch::Tensor mean_style;  // [style_size]
  torch::Tensor mean_mesh;   // buffer [coefficients]: what the network's output is added to
  // Buffers: displacement from the mean mesh = motion_basis . components, and the components of a
  // displacement. Given by the data, not learned.
  torch::Tensor motion_basis;      // [coefficients, components]
  torch::Tensor motion_from_mesh;  // [components, coefficients]
  // Buffers: opening of the lips (height over width) = opening_at_rest + opening . mesh, to first order, and
  // its usual deviation while somebody talks. Zero = not known.
  torch::Tensor opening, opening_at_rest, opening_deviation;  // [coefficients], [1], [1]
  // Buffer [2 audio + 1]: weights of the two features of a frame, and a bias, to the logit of lips that have
  // to be shut, as for /p b m/. Fitted on finished weights (train/closures.h); until then never.
  torch::Tensor closure;
  // Buffer [coefficients]: displacement that opens the lips by 1 in the way that they part about /p b m/: the
  // lips more than the jaw. Fitted with the former; zero = not known.
  torch::Tensor parting;

 private:
  torch::Tensor hear(const torch::Tensor& features);  // components that the direct path says

  SyncFormerConfig config_;
};
TORCH_MODULE(SyncFormer);

// The two networks of one weights file, kind "motion".
struct MotionNetworks {
  SpeechEncoder speech{nullptr};
  SyncFormer former{nullptr};

  MotionNetworks() = default;
  MotionNetworks(const SpeechEncoderConfig& speech_config, const SyncFormerConfig& former_config,
                 double dropout = 0);
  std::vector<NamedModule> named() const {
    return {{"speech.", speech.ptr().get()}, {"former.", former.ptr().get()}};
  }
  std::string config() const;
};

// Both on the CPU, in evaluation mode. Throws Error{model}.
MotionNetworks load_motion_networks(const std::filesystem::path& path);
void save_motion_networks(const std::filesystem::path& path, const MotionNetworks& networks,
                          Precision precision = Precision::half);

}  // namespace resyncer::nets
