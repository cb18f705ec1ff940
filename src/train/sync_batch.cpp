#include "sync_batch.h"

#include <algorithm>
#include <cmath>

#include "random.h"
#include "resyncer/core/error.h"
#include "resyncer/speech/features.h"
#include "resyncer/sync/mouth.h"

namespace resyncer::train {

namespace {
constexpr float kSeen = 0.3F;  // confidence from which a row shows a face
constexpr std::int64_t kMelPerRow = 4;

// For every row of a clip: how many rows with a face and with sound end there.
std::vector<std::int64_t> runs_of(const MotionDataset& data, const MotionClip& clip) {
  std::vector<std::int64_t> runs;
  for (std::int64_t t = 0; t < std::min(clip.frames, clip.mel_frames / kMelPerRow); ++t) {
    const bool seen = data.confidence[std::size_t(clip.start + t)] >= kSeen;
    runs.push_back(!seen ? 0 : runs.empty() ? 1 : runs.back() + 1);
  }
  return runs;
}

// What nine clips of ten of a file can show, at most `most`.
std::int64_t window_of(const std::vector<std::vector<std::int64_t>>& runs, std::int64_t most) {
  std::vector<std::int64_t> longest;
  longest.reserve(runs.size());
  for (const auto& clip : runs)
    longest.push_back(clip.empty() ? 0 : *std::max_element(clip.begin(), clip.end()));
  std::sort(longest.begin(), longest.end());
  return longest.empty() ? 0 : std::min(most, longest[longest.size() / 10]);
}

std::size_t draw_from(const std::vector<double>& cumulative, std::mt19937_64* random) {
  auto it = std::upper_bound(cumulative.begin(), cumulative.end(), uniform(0, cumulative.back(), random));
  return std::min(std::size_t(it - cumulative.begin()), cumulative.size() - 1);
}

void copy_picture(const std::uint8_t* mouths, std::int64_t rows, std::int64_t top, std::int64_t left,
                  float* out) {
  for (std::int64_t t = 0; t < rows; ++t)
    for (std::int64_t y = 0; y < kSeenHeight; ++y) {
      const std::uint8_t* line = mouths + ((t * sync::kMouthHeight + top + y) * sync::kMouthWidth + left);
      out = std::copy_n(line, kSeenWidth, out);
    }
}
}  // namespace

SyncBatch SyncBatch::to(torch::Device device) const {
  return {mel.to(device), meshes.to(device), pictures.defined() ? pictures.to(device) : pictures};
}

SyncSampler::SyncSampler(const MotionDataset& data, const SyncTrainOptions& options, std::int64_t shortest)
    : data_(data), options_(options) {
  std::vector<std::vector<std::int64_t>> runs;  // of every clip
  for (const MotionClip& clip : data.clips) runs.push_back(runs_of(data, clip));
  double all = 0;
  for (int index = 0; index < int(options.datasets.size()); ++index) {
    std::vector<std::vector<std::int64_t>> own;
    for (std::size_t c = 0; c < runs.size(); ++c)
      if (data.clips[c].file == index) own.push_back(runs[c]);
    File file;
    file.rows = window_of(own, options.rows);
    if (file.rows < shortest)
      throw core::Error(core::ErrorKind::input,
                        "the clips show a face for fewer than " + std::to_string(shortest) + " rows",
                        options.datasets[std::size_t(index)].string(),
                        "use fewer blocks or a shorter stretch");
    double sum = 0;
    for (const auto& speaker : data.speakers) {
      std::vector<Source> sources;
      double rows = 0;
      for (int c : speaker) {
        const MotionClip& clip = data.clips[std::size_t(c)];
        if (clip.file != index) continue;
        Source source{&clip, {}};
        const auto& run = runs[std::size_t(c)];
        for (std::size_t t = 0; t < run.size(); ++t)
          if (run[t] >= file.rows) source.starts.push_back(std::int64_t(t) + 1 - file.rows);
        if (source.starts.empty()) continue;
        rows += double(clip.frames);
        sources.push_back(std::move(source));
      }
      if (sources.empty()) continue;
      file.speakers.push_back(std::move(sources));
      file.cumulative.push_back(sum += std::pow(rows, options.speaker_balance));
    }
    files_.push_back(std::move(file));
    cumulative_.push_back(all += sum);
  }
}

SyncBatch SyncSampler::draw(std::mt19937_64* random) const {
  const File& file = files_[draw_from(cumulative_, random)];
  const std::int64_t rows = file.rows, count = data_.coefficients;
  SyncBatch batch;
  batch.mel = torch::empty({options_.batch, kMelPerRow * rows, speech::kMelBands});
  batch.meshes = torch::empty({options_.batch, rows, count});
  if (options_.pictures) batch.pictures = torch::empty({options_.batch, rows, kSeenHeight, kSeenWidth});
  const std::vector<Source>* speaker = nullptr;
  for (std::int64_t b = 0; b < options_.batch; ++b) {
    if (b % options_.of_a_speaker == 0) speaker = &file.speakers[draw_from(file.cumulative, random)];
    const Source& source = (*speaker)[std::size_t(below(speaker->size(), random))];
    const std::int64_t first = source.starts[std::size_t(below(source.starts.size(), random))];
    const std::int64_t row = source.clip->start + first;
    std::copy_n(data_.mel.data() + (source.clip->mel_start + kMelPerRow * first) * speech::kMelBands,
                kMelPerRow * rows * speech::kMelBands, batch.mel[b].data_ptr<float>());
    std::copy_n(data_.expression.data() + row * count, rows * count, batch.meshes[b].data_ptr<float>());
    if (!options_.pictures) continue;
    constexpr std::int64_t kDown = sync::kMouthHeight - kSeenHeight, kAcross = sync::kMouthWidth - kSeenWidth;
    const std::int64_t top = options_.augment ? below(kDown + 1, random) : kDown / 2,
                       left = options_.augment ? below(kAcross + 1, random) : kAcross / 2;
    copy_picture(data_.mouth.data() + row * sync::kMouthHeight * sync::kMouthWidth, rows, top, left,
                 batch.pictures[b].data_ptr<float>());
  }
  return batch;
}

torch::Tensor usual_spread(const MotionDataset& data) {
  const auto count = std::size_t(data.coefficients);
  std::vector<double> squares(count, 0);
  double rows = 0;
  for (const MotionClip& clip : data.clips)
    for (std::size_t k = 0; k < count; ++k) {
      double sum = 0, square = 0, n = 0;
      for (std::int64_t t = clip.start; t < clip.start + clip.frames; ++t) {
        if (data.confidence[std::size_t(t)] < kSeen) continue;
        const double v = double(data.expression[std::size_t(t) * count + k]);
        sum += v, square += v * v, n += 1;
      }
      if (n > 0) squares[k] += square - sum * sum / n;
      if (k == 0) rows += n;
    }
  torch::Tensor spread = torch::empty({data.coefficients});
  for (std::size_t k = 0; k < count; ++k)
    spread[std::int64_t(k)] =
        float(std::max(1e-3, std::sqrt(std::max(0.0, squares[k]) / std::max(rows, 1.0))));
  return spread;
}

torch::Tensor augment_meshes(const torch::Tensor& meshes, const torch::Tensor& spread,
                             std::mt19937_64* random) {
  torch::NoGradGuard no_grad;
  constexpr std::int64_t kKnots = 4;  // of a drift, over a window
  const std::int64_t windows = meshes.size(0), count = meshes.size(2);
  torch::Tensor size = torch::empty({windows, 1, 1}), strength = torch::empty({windows, 1, 1});
  for (std::int64_t b = 0; b < windows; ++b) {
    size.data_ptr<float>()[b] = float(uniform(0.7, 1.3, random));
    strength.data_ptr<float>()[b] = float(std::pow(uniform(0, 1, random), 2));
  }
  namespace F = torch::nn::functional;
  auto course =
      F::InterpolateFuncOptions().size(std::vector<std::int64_t>{meshes.size(1)}).mode(torch::kLinear);
  torch::Tensor drift =
      F::interpolate(torch::randn({windows, count, kKnots}), course.align_corners(true)).transpose(1, 2);
  return meshes * size + spread * (0.05 * torch::randn_like(meshes) + strength * drift);
}

torch::Tensor augment_pictures(const torch::Tensor& pictures, std::mt19937_64* random) {
  namespace F = torch::nn::functional;
  torch::NoGradGuard no_grad;
  torch::Tensor out = torch::empty_like(pictures);
  const std::vector<std::int64_t> size = {pictures.size(2), pictures.size(3)};
  for (std::int64_t b = 0; b < pictures.size(0); ++b) {
    torch::Tensor x = pictures[b].unsqueeze(1);  // [R, 1, H, W]
    if (uniform(0, 1, random) < 0.5) x = x.flip(3);
    x = 255 * (x / 255).pow(std::exp(uniform(-0.4, 0.4, random)));
    if (uniform(0, 1, random) < 0.3) x = F::avg_pool2d(x, F::AvgPool2dFuncOptions(3).stride(1).padding(1));
    if (uniform(0, 1, random) < 0.2) {  // as a coder or a small face leaves it
      x = F::avg_pool2d(x, F::AvgPool2dFuncOptions(2));
      x = F::interpolate(x, F::InterpolateFuncOptions().size(size).mode(torch::kNearest));
    }
    out[b].copy_((x + uniform(0, 6, random) * torch::randn_like(x)).squeeze(1));
  }
  return out;
}

}  // namespace resyncer::train
