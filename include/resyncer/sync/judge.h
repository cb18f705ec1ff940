// The judge of sync: how well a mouth on the screen and a sound go together, and how far they are apart. It
// is trained apart from everything that makes pictures and serves measurements alone (docs/training.md).
// Offset and confidence are SyncNet's (Chung, Zisserman 2016).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/core/feature_sequence.h"

namespace resyncer::sync {

constexpr int kRate = 25;         // rows a second
constexpr int kWindow = 50;       // rows that are judged as one
constexpr int kMaxOffset = 15;    // rows, either way
constexpr int kShiftHalves = 25;  // half rows: 0.5 s, the shift that a judge must tell from the truth

// One person over a clip, and what is heard with it; row i is the moment (i + 0.5) / 25 s of the sound.
struct SyncClip {
  int rows = 0;
  std::vector<float> meshes;         // rows x coefficients of the face model's speech expressions
  std::vector<float> seen;           // rows: 1 = a face, well enough seen, 0 = none
  std::vector<std::uint8_t> mouths;  // rows x kMouthHeight x kMouthWidth (mouth.h); empty where not needed
  // 100 Hz, its level taken off (speech::MelLevel); beyond its end there is silence.
  core::FeatureSequence mel;
};

// Unit vectors of the moments of a clip (of several sights: their mean). Of the first and the last `context`
// rows there are none.
struct SyncTrace {
  int context = 0;  // rows
  int count = 0;    // moments; moment k is row k + context
  int dims = 0;
  std::vector<float> mouth;   // count x dims
  std::vector<float> speech;  // 2 count x dims: every half row
  std::vector<bool> seen;     // count: a face in all the rows that the vector knows

  int window() const { return kWindow - 2 * context; }  // moments that two seconds hold
};

// Mean cosine of `count` moments of a mouth from `first` on with the speech from `half` on, in half rows of
// its trace. Moments without a face or without speech do not count; nullopt when fewer than half are left.
std::optional<double> score(const SyncTrace& mouth, int first, int count, const SyncTrace& speech, int half);

struct SyncReading {
  int offset = 0;         // rows, the best of +-kMaxOffset; positive = the sound comes after the picture
  double confidence = 0;  // best minus median score over the offsets
  double best = 0;        // mean cosine at `offset`
  std::vector<double> windows;  // scores of the two-second windows that begin every second, at `offset`
};

// nullopt when there is no moment to judge.
std::optional<SyncReading> read(const SyncTrace& trace);

// How often the true speech is ranked first, of two-second windows that begin every 0.2 s.
struct RankFigures {
  int windows = 0, above_shifted = 0;  // above the same sound 0.5 s earlier and later, where there is any
  int pairs = 0, above_others = 0;     // above the same moment of each other clip's sound
};

// Clip `own` of a list. `offset`: what its sound is late by in the source, in rows, is taken off first.
RankFigures rank(const std::vector<SyncTrace>& clips, std::size_t own, int offset = 0);

class SyncJudge {
 public:
  // `kind`: of the weights; "sync-expert" measures the expert with the same ruler. Throws Error{model}.
  explicit SyncJudge(const std::filesystem::path& weights, const std::string& kind = "sync-judge");
  ~SyncJudge();
  SyncJudge(SyncJudge&&) noexcept;
  SyncJudge& operator=(SyncJudge&&) noexcept;

  int coefficient_count() const;  // 0: it does not look at meshes
  bool needs_mouths() const;
  // Throws Error{model} when the extents of the clip are others than the weights'.
  SyncTrace trace(const SyncClip& clip) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace resyncer::sync
