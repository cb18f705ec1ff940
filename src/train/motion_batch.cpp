#include "motion_batch.h"

#include <algorithm>
#include <cmath>

#include "random.h"
#include "resyncer/speech/features.h"

namespace resyncer::train {

namespace {
constexpr std::int64_t kStyleFrames = 32;
constexpr double kTempo = 0.15;     // the sound is played at 1 - this to 1 + this of its speed
constexpr double kSilentEnd = 0.4;  // probability that there is silence beyond the end of a clip
constexpr double kCut = 0.2;        // probabilities that a recording begins, and ends, with the window
constexpr double kClean = 0.5;      // and that no noise is added, so that a breath can be heard
constexpr float kSeen = 0.3F;       // confidence from which a frame counts

// Linear interpolation between rows of `width` values; `at` must lie within [0, rows - 1].
void interpolate(const float* values, std::int64_t rows, std::int64_t width, double at, float* out) {
  auto low = std::min(std::int64_t(at), std::max<std::int64_t>(rows - 2, 0));
  auto f = float(at - double(low));
  const float *a = values + low * width, *b = rows > 1 ? a + width : a;
  for (std::int64_t i = 0; i < width; ++i) out[i] = a[i] + f * (b[i] - a[i]);
}
}  // namespace

MotionBatch MotionBatch::to(torch::Device d) const {
  return {mel.to(d),   inside.to(d), target.to(d),     weight.to(d),    past.to(d),
          known.to(d), style.to(d),  style_seen.to(d), style_used.to(d)};
}

MotionSampler::MotionSampler(const MotionDataset& data, const MotionTrainOptions& options,
                             std::int64_t mel_context)
    : data_(data), options_(options), mel_context_(mel_context) {
  double sum = 0;
  for (const auto& speaker : data.speakers) {
    double frames = 0;
    for (int clip : speaker) frames += double(data.clips[std::size_t(clip)].frames);
    cumulative_.push_back(sum += std::pow(frames, options.speaker_balance));
  }
}

void MotionSampler::draw_window(const MotionClip& clip, const Surroundings& around, double first,
                                double tempo, std::int64_t row, MotionBatch* batch) const {
  const std::int64_t length = options_.frames, reach = options_.reach, count = data_.coefficients;
  const float* meshes = data_.expression.data() + clip.start * count;
  const float* confidence = data_.confidence.data() + clip.start;
  // Mesh at a place of the clip; false where there is none.
  auto mesh = [&](double at, float* out) {
    if (at < 0 || at > double(clip.frames - 1)) return false;
    interpolate(meshes, clip.frames, count, at, out);
    auto a = std::int64_t(at), b = std::min(a + 1, clip.frames - 1);
    return confidence[a] >= kSeen && confidence[b] >= kSeen;
  };
  float* known = batch->known.data_ptr<float>() + row * length;
  float* target = batch->target[row].data_ptr<float>();
  float* past = batch->past[row].data_ptr<float>();
  for (std::int64_t i = 0; i < length; ++i) {
    batch->weight.data_ptr<float>()[row * length + i] =
        mesh(first + tempo * double(i), target + i * count) ? 1.F : 0.F;
    bool before = mesh(first + tempo * double(i - 1), past + i * count);
    known[i] = before ? 1.F : 0.F;
  }
  if (around.begins) known[0] = 0;
  // Frame f is centred on mel row 4 f + 1.5 and on feature 2 f + 0.5; both scales are stretched about frame
  // `first`.
  const std::int64_t rows = batch->mel.size(1), features = batch->inside.size(1);
  float* mel = batch->mel[row].data_ptr<float>();
  for (std::int64_t k = 0; k < rows; ++k) {
    double nominal = double(k + 2 * (1 - reach) - mel_context_);
    double at = 4 * first + 1.5 + (nominal - 1.5) * tempo;
    float* out = mel + k * speech::kMelBands;
    if ((around.begins && nominal < 0) || (around.ends && nominal >= double(4 * length))) {
      std::fill_n(out, speech::kMelBands, speech::kMelSilence);
      continue;
    }
    const MotionClip* heard = &clip;
    if (at < 0) {
      heard = around.before;
      if (heard != nullptr) at += double(heard->mel_frames);
    } else if (at > double(clip.mel_frames - 1)) {
      heard = around.after;
      at -= double(clip.mel_frames);
    }
    if (heard == nullptr || at < -1 || at > double(heard->mel_frames))
      std::fill_n(out, speech::kMelBands, speech::kMelSilence);
    else
      interpolate(data_.mel.data() + heard->mel_start * speech::kMelBands, heard->mel_frames,
                  speech::kMelBands, std::clamp(at, 0.0, double(heard->mel_frames - 1)), out);
  }
  auto heard_at = [&](double at) {
    const double end = 2 * double(clip.frames);
    if (at <= -0.5) return around.before != nullptr && at > -0.5 - double(around.before->mel_frames) / 2;
    return at < end - 0.5 ||
           (around.after != nullptr && at < end - 0.5 + double(around.after->mel_frames) / 2);
  };
  for (std::int64_t j = 0; j < features; ++j) {
    const std::int64_t nominal = j + 1 - reach;
    const bool cut = (around.begins && nominal < 0) || (around.ends && nominal >= 2 * length);
    double at = 2 * first + 0.5 + (double(nominal) - 0.5) * tempo;
    batch->inside.data_ptr<float>()[row * features + j] = !cut && heard_at(at) ? 1.F : 0.F;
  }
}

// Meshes of the same speaker, of another clip where there is one: they show the manner and not the answer.
void MotionSampler::draw_style(const MotionClip& clip, std::int64_t row, std::mt19937_64* random,
                               MotionBatch* batch) const {
  const auto& clips = data_.speakers[std::size_t(clip.speaker)];
  const MotionClip* other = &clip;
  for (int tries = 0; tries < 4 && other == &clip; ++tries)
    other = &data_.clips[std::size_t(clips[std::size_t(uniform(random) * double(clips.size()))])];
  const std::int64_t count = data_.coefficients, length = std::min(other->frames, kStyleFrames);
  const auto start = std::int64_t(uniform(random) * double(other->frames - length + 1));
  std::copy_n(data_.expression.data() + (other->start + start) * count, length * count,
              batch->style[row].data_ptr<float>());
  float* seen = batch->style_seen[row].data_ptr<float>();
  bool any = false;
  for (std::int64_t i = 0; i < length; ++i) {
    seen[i] = data_.confidence[std::size_t(other->start + start + i)] >= kSeen ? 1.F : 0.F;
    any = any || seen[i] > 0;
  }
  if (!any) seen[0] = 1;  // then the mean style is used instead
  bool used = any && uniform(random) >= options_.style_drop;
  batch->style_used.data_ptr<float>()[row] = used ? 1.F : 0.F;
}

// A clip of a speaker by its length.
const MotionClip& MotionSampler::draw_clip(const std::vector<int>& speaker, std::mt19937_64* random) const {
  std::int64_t frames = 0;
  for (int c : speaker) frames += data_.clips[std::size_t(c)].frames;
  auto place = std::int64_t(uniform(random) * double(frames));
  std::size_t chosen = 0;
  while (chosen + 1 < speaker.size() && place >= data_.clips[std::size_t(speaker[chosen])].frames)
    place -= data_.clips[std::size_t(speaker[chosen++])].frames;
  return data_.clips[std::size_t(speaker[chosen])];
}

MotionBatch MotionSampler::draw(std::mt19937_64* random) const {
  const std::int64_t size = options_.batch, length = options_.frames, count = data_.coefficients;
  const std::int64_t features = 2 * length + 2 * options_.reach - 2;
  MotionBatch batch;
  batch.mel = torch::empty({size, 2 * features + 2 * mel_context_, speech::kMelBands});
  batch.inside = torch::empty({size, features});
  batch.target = torch::zeros({size, length, count});
  batch.past = torch::zeros({size, length, count});
  batch.weight = torch::empty({size, length});
  batch.known = torch::empty({size, length});
  batch.style = torch::zeros({size, kStyleFrames, count});
  batch.style_seen = torch::zeros({size, kStyleFrames});
  batch.style_used = torch::empty({size});
  for (std::int64_t row = 0; row < size; ++row) {
    auto it = std::upper_bound(cumulative_.begin(), cumulative_.end(), uniform(random) * cumulative_.back());
    auto speaker = std::min(std::size_t(it - cumulative_.begin()), cumulative_.size() - 1);
    const MotionClip& clip = draw_clip(data_.speakers[speaker], random);
    // A word cut out of running speech does not stand in silence where it will be heard.
    Surroundings around{&draw_clip(data_.speakers[speaker], random),
                        &draw_clip(data_.speakers[speaker], random)};
    if (!options_.augment || uniform(random) < kSilentEnd) around.before = nullptr;
    if (!options_.augment || uniform(random) < kSilentEnd) around.after = nullptr;
    around.begins = options_.augment && uniform(random) < kCut;
    around.ends = options_.augment && uniform(random) < kCut;
    double tempo = options_.augment ? uniform(1 - kTempo, 1 + kTempo, random) : 1.0;
    double slack = double(clip.frames - 1) - tempo * double(length - 1);
    double first = slack * uniform(random);  // a clip shorter than the window may lie anywhere in it
    if (!options_.augment) first = std::floor(first);
    draw_window(clip, around, first, tempo, row, &batch);
    draw_style(clip, row, random, &batch);
  }
  return batch;
}

namespace {
constexpr std::int64_t kBands = speech::kMelBands;

// [B, 80, 80]: resamples the bands of every window: shifted by up to 4 and stretched by up to 12 %.
torch::Tensor band_maps(std::int64_t size, std::mt19937_64* random) {
  torch::Tensor maps = torch::zeros({size, kBands, kBands});
  for (std::int64_t row = 0; row < size; ++row) {
    double stretch = uniform(0.88, 1.12, random), shift = uniform(-4, 4, random);
    float* map = maps[row].data_ptr<float>();
    for (std::int64_t out = 0; out < kBands; ++out) {
      double at = std::clamp(double(out) * stretch + shift, 0.0, double(kBands - 1));
      auto low = std::min(std::int64_t(at), kBands - 2);
      auto f = float(at - double(low));
      map[low * kBands + out] = 1 - f;
      map[(low + 1) * kBands + out] = f;
    }
  }
  return maps;
}

constexpr float kNothing = -20;  // normalised log-mel of no power at all

// Noise that is added in power, [B, T, 80], normalised log-mel: none, steady and coloured, or the voices of
// other windows.
torch::Tensor disturbance(const torch::Tensor& mel, std::mt19937_64* random) {
  const std::int64_t size = mel.size(0);
  torch::Tensor noise = torch::empty_like(mel);
  for (std::int64_t row = 0; row < size; ++row) {
    torch::Tensor own = noise[row];
    if (uniform(random) < kClean) {
      own.fill_(kNothing);
      continue;
    }
    if (uniform(random) < 0.2 && size > 1) {
      own.copy_(mel[(row + 1 + std::int64_t(uniform(random) * double(size - 1))) % size]);
      own.sub_(uniform(2.0, 6.0, random) / speech::kMelScale);  // 9 to 26 dB below
      continue;
    }
    double level =
        uniform(random) < 0.5 ? uniform(-22, -15, random) : uniform(-18, -11, random);  // ln(power)
    double tilt = uniform(-3, 3, random), wave = uniform(0, 2, random), phase = uniform(0, 6.28, random);
    torch::Tensor shape = torch::arange(kBands) / double(kBands);
    shape = level + tilt * (shape - 0.5) + wave * torch::sin(shape * uniform(2, 12, random) + phase);
    own.copy_((shape - speech::kMelMean) / speech::kMelScale);
    own.add_(torch::randn_like(own) * (0.8 / speech::kMelScale));  // how a power spectrum of noise flickers
  }
  return noise;
}

void mask(std::mt19937_64* random, torch::Tensor* mel) {
  const std::int64_t size = mel->size(0), length = mel->size(1);
  auto blank = [&](const torch::Tensor& part) { part.fill_(speech::kMelSilence); };
  for (std::int64_t row = 0; row < size; ++row) {
    for (int i = 0; i < 2; ++i) {
      auto bands = std::int64_t(uniform(0, 14, random)),
           from = std::int64_t(uniform(0, double(kBands - bands), random));
      blank((*mel)[row].slice(1, from, from + bands));
      auto frames = std::int64_t(uniform(0, 8, random)),
           at = std::int64_t(uniform(0, double(length - frames), random));
      blank((*mel)[row].slice(0, at, at + frames));
    }
    if (uniform(random) < 0.15)
      blank((*mel)[row].slice(1, std::int64_t(uniform(45, 75, random))));  // a narrow line
    if (uniform(random) < 0.1) blank((*mel)[row].slice(1, 0, std::int64_t(uniform(2, 8, random))));
  }
}
}  // namespace

torch::Tensor augment_mel(const torch::Tensor& mel, std::mt19937_64* random) {
  torch::NoGradGuard no_grad;
  const std::int64_t size = mel.size(0);
  torch::Tensor out = torch::bmm(mel, band_maps(size, random));
  torch::Tensor gain = torch::empty({size, 1, 1}), contrast = torch::empty({size, 1, 1});
  torch::Tensor tilt = torch::empty({size, 1, 1});
  for (std::int64_t row = 0; row < size; ++row) {
    gain.data_ptr<float>()[row] = float(uniform(-3.0, 2.0, random) / speech::kMelScale);  // -13 to +9 dB
    contrast.data_ptr<float>()[row] = float(uniform(0.8, 1.2, random));
    tilt.data_ptr<float>()[row] = float(uniform(-2.5, 2.5, random) / speech::kMelScale);
  }
  torch::Tensor ramp = (torch::arange(kBands) / double(kBands) - 0.5).view({1, 1, kBands});
  out = out * contrast + gain + tilt * ramp;
  // log(e^a + e^b), in units of ln(power)
  torch::Tensor noise = disturbance(out, random);
  out = torch::logaddexp(out * speech::kMelScale, noise * speech::kMelScale) / speech::kMelScale;
  mask(random, &out);
  return out.clamp_min(speech::kMelSilence);
}

void disturb_history(const MotionTrainOptions& options, const torch::Tensor& motion_basis,
                     std::mt19937_64* random, MotionBatch* batch) {
  torch::NoGradGuard no_grad;
  const std::int64_t size = batch->past.size(0), length = batch->past.size(1), count = motion_basis.size(1);
  torch::Tensor keep = torch::empty({size, 1}), noise = torch::empty({size, 1, 1});
  for (std::int64_t row = 0; row < size; ++row) {
    bool forgets = uniform(random) < options.history_drop;
    keep.data_ptr<float>()[row] = forgets ? 0.F : float(1 - 0.5 * uniform(random));
    noise.data_ptr<float>()[row] = float(options.history_noise * uniform(0, 1.5, random));
  }
  batch->known = batch->known * (torch::rand({size, length}) < keep).to(torch::kFloat32);
  // Errors of a roll-out are partly lasting, partly new at every frame.
  torch::Tensor error = torch::randn({size, length, count}) + torch::randn({size, 1, count});
  batch->past = batch->past + torch::matmul(noise * error, motion_basis.t());
}

}  // namespace resyncer::train
