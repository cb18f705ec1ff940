#include "speech_units.h"

#include <algorithm>

#include "resyncer/core/error.h"

namespace resyncer::train {

namespace {
constexpr std::int64_t kAbout = 3, kRows = 3;  // means of three rows each: before a frame, about and after it
constexpr std::int64_t kWidth = kAbout * speech::kMelBands;
constexpr std::int64_t kFrames = 40000;  // that the centres are found on
constexpr int kRounds = 30;

// [frames, kWidth]
torch::Tensor surroundings(const SpeechClip& clip) {
  const std::int64_t reach = kAbout * kRows / 2;
  torch::Tensor mel = torch::empty({clip.frames + 2 * reach, speech::kMelBands});
  for (std::int64_t t = -reach; t < clip.frames + reach; ++t) {
    const std::int64_t row = std::clamp<std::int64_t>(t, 0, clip.frames - 1);
    float* out = mel.data_ptr<float>() + (t + reach) * speech::kMelBands;
    clip.copy_row(row, out);
    clip.level.take_off(int(row), out);
  }
  return mel
      .unfold(0, kAbout * kRows, 1)  // [frames, 80, 9]
      .reshape({clip.frames, speech::kMelBands, kAbout, kRows})
      .mean(3)
      .reshape({clip.frames, kWidth});
}

// Squared distances to the centres, less what is the same for all of them.
torch::Tensor distances(const torch::Tensor& points, const torch::Tensor& centres) {
  return centres.square().sum(1) - 2 * points.mm(centres.t());
}

// A point, drawn with a probability in proportion to its weight.
std::int64_t draw(const torch::Tensor& weights, std::mt19937_64* random) {
  torch::Tensor sums = weights.to(torch::kFloat64).cumsum(0);
  const double place = double((*random)() >> 11) * 0x1p-53 * sums[-1].item<double>();
  return std::min((sums <= place).sum().item<std::int64_t>(), weights.size(0) - 1);
}

// k-means++ (Arthur and Vassilvitskii 2007): every next centre is likely to be far from those before it.
torch::Tensor first_centres(const torch::Tensor& points, int count, std::mt19937_64* random) {
  torch::Tensor centres = torch::empty({count, points.size(1)}), far = torch::ones({points.size(0)});
  for (int k = 0; k < count; ++k) {
    centres[k] = points[draw(far, random)];
    torch::Tensor squared = (points - centres[k]).square().sum(1);
    far = k == 0 ? squared : torch::minimum(far, squared);
  }
  return centres;
}
}  // namespace

torch::Tensor find_units(const std::vector<SpeechClip>& clips, int count, std::mt19937_64* random) {
  torch::NoGradGuard no_grad;
  std::int64_t frames = 0;
  for (const SpeechClip& clip : clips) frames += clip.frames;
  if (frames < count)
    throw core::Error(core::ErrorKind::input, "the speech is shorter than " + std::to_string(count) +
                                                  " frames of 10 ms, one for every unit");
  const std::int64_t every = std::max<std::int64_t>(1, frames / kFrames);
  std::vector<torch::Tensor> parts;
  for (const SpeechClip& clip : clips) {
    torch::Tensor all = surroundings(clip);
    parts.push_back(all.slice(0, std::int64_t((*random)() % std::uint64_t(every)), all.size(0), every));
  }
  const torch::Tensor points = torch::cat(parts);
  torch::Tensor centres = first_centres(points, count, random);
  for (int round = 0; round < kRounds; ++round) {
    torch::Tensor nearest = distances(points, centres).argmin(1);
    torch::Tensor members = torch::bincount(nearest, {}, count).unsqueeze(1);
    torch::Tensor means = torch::zeros_like(centres).index_add_(0, nearest, points) / members.clamp_min(1);
    centres = torch::where(members > 0, means, centres);
  }
  return centres.index_select(0, centres.mean(1).argsort());
}

std::vector<std::uint8_t> nearest_units(const SpeechClip& clip, const torch::Tensor& centres) {
  torch::NoGradGuard no_grad;
  torch::Tensor nearest = distances(surroundings(clip), centres).argmin(1).to(torch::kUInt8).contiguous();
  return {nearest.data_ptr<std::uint8_t>(), nearest.data_ptr<std::uint8_t>() + clip.frames};
}

}  // namespace resyncer::train
