#include <algorithm>
#include <cmath>

#include "motion_dataset.h"
#include "resyncer/speech/features.h"
#include "resyncer/sync/judge.h"
#include "resyncer/train/sync.h"

namespace resyncer::train {

namespace {
sync::SyncClip clip_of(const MotionDataset& data, const MotionClip& clip, bool mouths) {
  constexpr float kSeen = 0.3F;
  sync::SyncClip out;
  out.rows = int(clip.frames);
  auto part = [](const auto& all, std::int64_t first, std::int64_t count) {
    return std::decay_t<decltype(all)>(all.begin() + first, all.begin() + first + count);
  };
  out.meshes = part(data.expression, clip.start * data.coefficients, clip.frames * data.coefficients);
  for (float c : part(data.confidence, clip.start, clip.frames)) out.seen.push_back(c >= kSeen ? 1.F : 0.F);
  const auto bytes = std::int64_t(data.mouth.size() / data.confidence.size());
  if (mouths) out.mouths = part(data.mouth, clip.start * bytes, clip.frames * bytes);
  out.mel = {int(clip.mel_frames), speech::kMelBands, speech::kMelRate,
             part(data.mel, clip.mel_start * speech::kMelBands, clip.mel_frames * speech::kMelBands)};
  return out;
}
}  // namespace

SyncFigure measure_sync(const std::filesystem::path& weights, const std::string& kind,
                        const std::vector<std::filesystem::path>& datasets, std::int64_t coefficients) {
  const sync::SyncJudge judge(weights, kind);
  SyncFigure figure;
  double shifted = 0, others = 0, right = 0;
  for (const auto& dataset : datasets) {  // clips of one file are each other's "others"
    const MotionDataset data = load_motion_datasets({dataset}, coefficients, MelForm::level, "sync");
    std::vector<sync::SyncTrace> traces;
    for (const MotionClip& clip : data.clips)
      traces.push_back(judge.trace(clip_of(data, clip, judge.needs_mouths())));
    for (std::size_t i = 0; i < traces.size(); ++i) {
      const sync::RankFigures ranks = sync::rank(traces, i);
      figure.windows += ranks.windows, shifted += ranks.above_shifted;
      figure.pairs += ranks.pairs, others += ranks.above_others;
      const auto reading = sync::read(traces[i]);
      if (!reading) continue;
      ++figure.clips;
      right += std::abs(reading->offset) <= 1 ? 1 : 0;
      figure.confidence += reading->confidence;
    }
  }
  figure.above_shifted = shifted / std::max(figure.windows, 1);
  figure.above_others = others / std::max(figure.pairs, 1);
  figure.offset_right = right / std::max(figure.clips, 1);
  figure.confidence /= std::max(figure.clips, 1);
  return figure;
}

}  // namespace resyncer::train
