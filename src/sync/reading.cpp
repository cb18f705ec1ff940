#include <algorithm>
#include <numeric>

#include "resyncer/sync/judge.h"

namespace resyncer::sync {

std::optional<double> score(const SyncTrace& mouth, int first, int count, const SyncTrace& speech, int half) {
  double sum = 0;
  int moments = 0;
  for (int i = 0; i < count; ++i) {
    const int k = first + i, h = half + 2 * i;
    if (k < 0 || k >= mouth.count || h < 0 || h >= 2 * speech.count || !mouth.seen[std::size_t(k)]) continue;
    const float* a = mouth.mouth.data() + std::ptrdiff_t(k) * mouth.dims;
    const float* b = speech.speech.data() + std::ptrdiff_t(h) * mouth.dims;
    sum += double(std::inner_product(a, a + mouth.dims, b, 0.F));
    ++moments;
  }
  if (moments == 0 || 2 * moments < count) return std::nullopt;
  return sum / moments;
}

std::optional<SyncReading> read(const SyncTrace& trace) {
  int end = trace.count;  // of the picture: the sound may go on without it
  while (end > 0 && !trace.seen[std::size_t(end - 1)]) --end;
  std::vector<std::pair<double, int>> scores;  // with its offset
  for (int offset = -kMaxOffset; offset <= kMaxOffset; ++offset) {
    const int first = std::max(0, -offset), count = end - std::abs(offset);
    if (auto s = score(trace, first, count, trace, 2 * (first + offset))) scores.emplace_back(*s, offset);
  }
  if (scores.empty()) return std::nullopt;
  std::sort(scores.begin(), scores.end());
  SyncReading out;
  out.offset = scores.back().second;
  out.best = scores.back().first;
  out.confidence = out.best - scores[scores.size() / 2].first;
  for (int first = 0; first + trace.window() <= end; first += kRate)
    if (auto s = score(trace, first, trace.window(), trace, 2 * (first + out.offset)))
      out.windows.push_back(*s);
  return out;
}

RankFigures rank(const std::vector<SyncTrace>& clips, std::size_t own, int offset) {
  constexpr int kEvery = kRate / 5;
  const SyncTrace& mouth = clips[own];
  RankFigures figures;
  for (int first = 0; first + mouth.window() <= mouth.count; first += kEvery) {
    const int half = 2 * (first + offset);
    // The whole window must be heard, else a shift is told by what is missing.
    auto heard = [&](const SyncTrace& speech, int from) -> std::optional<double> {
      if (from < 0 || from + 2 * mouth.window() > 2 * speech.count) return std::nullopt;
      return score(mouth, first, mouth.window(), speech, from);
    };
    const auto truth = heard(mouth, half);
    if (!truth) continue;
    const auto early = heard(mouth, half - kShiftHalves), late = heard(mouth, half + kShiftHalves);
    if (early || late) {
      ++figures.windows;
      if ((!early || *truth > *early) && (!late || *truth > *late)) ++figures.above_shifted;
    }
    for (std::size_t other = 0; other < clips.size(); ++other) {
      const int places =
          clips[other].count - mouth.window() + 1;  // a shorter clip is heard from its start again
      if (other == own || places <= 0) continue;
      const auto wrong = heard(clips[other], 2 * (std::max(0, first + offset) % places));
      if (!wrong) continue;
      ++figures.pairs;
      if (*truth > *wrong) ++figures.above_others;
    }
  }
  return figures;
}

}  // namespace resyncer::sync
