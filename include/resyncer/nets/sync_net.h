// Do a mouth and a sound belong together? After SyncNet (Chung, Zisserman: Out of time, ACCV-W 2016): a tower
// for speech and one for each sight of the mouth, fitted mesh or picture, each giving a unit vector a row of
// 25 Hz; the cosine of two vectors tells how well their moments fit. In the paper's place of pictures of five
// frames our towers are residual convolutions in time, "valid" as the speech encoder's are: nothing of the
// clip's ends can be learned.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "resyncer/nets/layers.h"
#include "resyncer/nets/speech_encoder.h"
#include "resyncer/nets/weights.h"

namespace resyncer::nets {

constexpr std::int64_t kMelPerRow = 4;  // 100 Hz to 25 Hz

struct SyncNetConfig {
  std::int64_t mel_bands = 80;
  std::int64_t coefficients = 24;           // of a mesh; 0: meshes are not looked at
  std::int64_t height = 44, width_px = 60;  // of a picture; 0: pictures are not looked at
  std::int64_t width = 96;                  // of a row inside a tower
  std::int64_t embedding = 64;
  std::int64_t blocks = 4;   // of a tower: three rows wide each,
  std::int64_t dilated = 0;  // 1: dilations 1, 2, 4, ... instead of 1, 1, 1, ...
  std::int64_t banded = 0;   // 1: speech goes through convolutions along its bands first
  // A sight's mean, which is taken off, is that of so many rows on either side; 0: of the whole clip.
  std::int64_t mean_reach = 0;

  bool sees_meshes() const { return coefficients > 0; }
  bool sees_pictures() const { return height > 0; }
  std::int64_t dilation(std::int64_t block) const { return dilated != 0 ? std::int64_t{1} << block : 1; }
  std::vector<ConfigField> fields();
  // Rows that a vector needs on either side of its own, apart from the sight's mean.
  std::int64_t context() const;
};

// [B, R, in] -> unit vectors [B, R - 2 context, embedding].
class TimeTowerImpl : public torch::nn::Module {
 public:
  TimeTowerImpl(std::int64_t in, const SyncNetConfig& config, double dropout);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  SyncNetConfig config_;
  double dropout_;
  torch::nn::Linear input_{nullptr}, output_{nullptr};
  torch::nn::ModuleList norms_, convs_;
};
TORCH_MODULE(TimeTower);

// What a row of speech sounds like, apart from time: [N, kMelPerRow, bands] -> [N, width]. Voices differ by
// shifts along the bands.
class BandEncoderImpl : public torch::nn::Module {
 public:
  explicit BandEncoderImpl(const SyncNetConfig& config);
  torch::Tensor forward(torch::Tensor x);

 private:
  torch::nn::ModuleList convs_;
  torch::nn::Linear output_{nullptr};
};
TORCH_MODULE(BandEncoder);

// What a picture shows, apart from time: [N, 2, height, width] -> [N, width].
class MouthEncoderImpl : public torch::nn::Module {
 public:
  explicit MouthEncoderImpl(const SyncNetConfig& config);
  torch::Tensor forward(torch::Tensor x);

 private:
  torch::nn::ModuleList convs_, norms_;
  torch::nn::Linear output_{nullptr};
};
TORCH_MODULE(MouthEncoder);

class SyncNetImpl : public torch::nn::Module {
 public:
  explicit SyncNetImpl(const SyncNetConfig& config, double dropout = 0);

  // All give [B, R - 2 context, embedding]. `seen` [B, R] is 1 where there is a face, else 0: only there a
  // sight's mean is taken, which is taken off, so that what a face looks like at rest does not matter.
  torch::Tensor speech(const torch::Tensor& mel);  // [B, 4 R, bands], its level taken off (speech::MelLevel)
  torch::Tensor meshes(const torch::Tensor& coefficients, const torch::Tensor& seen);  // [B, R, coefficients]
  torch::Tensor pictures(const torch::Tensor& gray, const torch::Tensor& seen);  // [B, R, height, width_px]

  const SyncNetConfig& config() const { return config_; }

  torch::Tensor spread;     // buffer [max(coefficients, 1)]: usual deviation of the coefficients
  torch::Tensor sharpness;  // parameter [1]: ln of what cosines are multiplied by in the loss

 private:
  SyncNetConfig config_;
  TimeTower speech_tower{nullptr}, mesh_tower{nullptr}, picture_tower{nullptr};
  BandEncoder bands{nullptr};
  MouthEncoder mouth{nullptr};
};
TORCH_MODULE(SyncNet);

// `kind`: "sync-judge" or "sync-expert". Throw as nets/weights.h does.
SyncNet load_sync_net(const std::filesystem::path& path, const std::string& kind);
void save_sync_net(const std::filesystem::path& path, const std::string& kind, const SyncNet& net,
                   Precision precision = Precision::half);

}  // namespace resyncer::nets
