#include "resyncer/sync/judge.h"

#include <torch/torch.h>

#include <algorithm>

#include "resyncer/core/error.h"
#include "resyncer/nets/sync_net.h"
#include "resyncer/sync/mouth.h"

namespace resyncer::sync {

namespace {
constexpr float kSilence = (-20.F + 12.F) / 3.F;  // speech::kMelSilence

torch::Tensor mel_of(const SyncClip& clip, std::int64_t bands, std::int64_t delay) {
  torch::Tensor mel = torch::full({1, nets::kMelPerRow * clip.rows, bands}, kSilence);
  const std::int64_t frames = std::min<std::int64_t>(clip.mel.frames - delay, mel.size(1));
  if (frames > 0) std::copy_n(clip.mel.values.data() + delay * bands, frames * bands, mel.data_ptr<float>());
  return mel;
}

// The middle of the mouths' pictures, as much as the network looks at.
torch::Tensor pictures_of(const SyncClip& clip, std::int64_t height, std::int64_t width) {
  auto* bytes = const_cast<std::uint8_t*>(clip.mouths.data());  // only read
  torch::Tensor all = torch::from_blob(bytes, {1, clip.rows, kMouthHeight, kMouthWidth}, torch::kUInt8);
  return all.slice(2, (kMouthHeight - height) / 2, (kMouthHeight + height) / 2)
      .slice(3, (kMouthWidth - width) / 2, (kMouthWidth + width) / 2)
      .to(torch::kFloat32);
}

std::vector<float> values_of(const torch::Tensor& tensor) {
  torch::Tensor flat = tensor.contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}
}  // namespace

struct SyncJudge::Impl {
  mutable nets::SyncNet net{nullptr};  // torch's forward is not const
};

SyncJudge::SyncJudge(const std::filesystem::path& weights, const std::string& kind)
    : impl_(std::make_unique<Impl>()) {
  impl_->net = nets::load_sync_net(weights, kind);
  const nets::SyncNetConfig& config = impl_->net->config();
  if (config.height > kMouthHeight || config.width_px > kMouthWidth || 2 * config.context() >= kWindow)
    throw core::Error(core::ErrorKind::model,
                      "the judge looks at larger pictures or longer windows than there are",
                      weights.string());
}

SyncJudge::~SyncJudge() = default;
SyncJudge::SyncJudge(SyncJudge&&) noexcept = default;
SyncJudge& SyncJudge::operator=(SyncJudge&&) noexcept = default;

int SyncJudge::coefficient_count() const { return int(impl_->net->config().coefficients); }
bool SyncJudge::needs_mouths() const { return impl_->net->config().sees_pictures(); }

SyncTrace SyncJudge::trace(const SyncClip& clip) const {
  torch::NoGradGuard no_grad;
  auto& net = impl_->net;
  const nets::SyncNetConfig& config = net->config();
  const auto rows = std::size_t(clip.rows);
  if (clip.mel.dims != config.mel_bands || clip.seen.size() != rows ||
      (config.sees_meshes() && clip.meshes.size() != rows * std::size_t(config.coefficients)) ||
      (config.sees_pictures() && clip.mouths.size() != rows * std::size_t{kMouthHeight} * kMouthWidth))
    throw core::Error(core::ErrorKind::model,
                      "the judge is for other meshes, pictures or sounds than this clip's", "",
                      "fetch the weights of this release");
  SyncTrace out;
  out.context = int(config.context());
  out.dims = int(config.embedding);
  out.count = std::max(0, clip.rows - 2 * out.context);
  if (out.count == 0) return out;

  torch::Tensor seen = torch::tensor(clip.seen).unsqueeze(0), mouth = torch::zeros({1, out.count, out.dims});
  int sights = 0;
  if (config.sees_meshes()) {
    torch::Tensor meshes = torch::tensor(clip.meshes).view({1, clip.rows, config.coefficients});
    mouth = mouth + net->meshes(meshes, seen), ++sights;
  }
  if (config.sees_pictures())
    mouth = mouth + net->pictures(pictures_of(clip, config.height, config.width_px), seen), ++sights;
  out.mouth = values_of(mouth / double(sights));
  torch::Tensor whole = net->speech(mel_of(clip, config.mel_bands, 0)),
                half = net->speech(mel_of(clip, config.mel_bands, nets::kMelPerRow / 2));
  out.speech = values_of(torch::stack({whole, half}, 2));
  for (int k = 0; k < out.count; ++k)
    out.seen.push_back(std::all_of(clip.seen.begin() + k, clip.seen.begin() + k + 2 * out.context + 1,
                                   [](float s) { return s > 0; }));
  return out;
}

}  // namespace resyncer::sync
