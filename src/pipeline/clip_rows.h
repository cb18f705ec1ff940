// A video of one person as rows at 25 Hz beside its sound: what the "motion" and "sync" datasets hold, and
// what the judge of sync takes.
#pragma once

#include "resyncer/core/feature_sequence.h"
#include "resyncer/pipeline/analysis.h"

namespace resyncer::pipeline {

constexpr double kRowRate = 25;  // rows a second
constexpr int kMelPerRow = 4;

struct ClipRows {
  core::FeatureSequence mel;  // raw (speech/features.h), from the first sample of the sound on
  double start = 0;           // of row 0, seconds on the video's axis: row i is at start + (i + 0.5) / 25 s
  std::vector<float> expression;  // rows x speech_count, of the fitted mesh
  std::vector<float> confidence, openness;
  std::vector<std::uint8_t> mouth;  // rows x sync::kMouthHeight x sync::kMouthWidth gray, where asked for

  std::size_t count() const { return confidence.size(); }
};

// As many rows as the sound is long. `sound_delay`: seconds that the sound comes after the picture. Throws
// Error{input} when there is no sound.
ClipRows clip_rows(const std::filesystem::path& video, const Analysis& analysis, const FittedFace& face,
                   const mesh::FaceModel& model, double sound_delay);

// Fills `mouth`: of every row the nearest frame's mouth, upright, at the head's scale; zero where no face is.
// Decodes the video again.
void add_mouths(const std::filesystem::path& video, const Analysis& analysis, const FittedFace& face,
                const mesh::FaceModel& model, ClipRows* rows);

}  // namespace resyncer::pipeline
