// What the judge of sync says of videos: of real footage, and of renders, whose faces are analysed like any
// other's.
#pragma once

#include "resyncer/pipeline/analysis.h"
#include "resyncer/pipeline/measure.h"
#include "resyncer/sync/judge.h"

namespace resyncer::pipeline {

struct SyncFigures {
  std::filesystem::path clip;
  sync::SyncReading reading;
  sync::RankFigures ranks;    // as the clip is
  sync::RankFigures aligned;  // with its own offset taken off: of footage whose sound is late in the source
};

// One video for the judge. Throws Error{input} without sound, Error{face} without a face.
sync::SyncTrace sync_trace(const std::filesystem::path& clip, const ModelSet& models,
                           const sync::SyncJudge& judge, const MeasureOptions& options);

// By how much a video's mouth is late against its own sound, by the judge of sync.
struct SourceOffset {
  double milliseconds = 0;  // multiples of 40; above 0: the mouth comes later than the sound; 0 with a doubt
  double confidence = 0;    // sync::SyncReading; 0 where it was not asked
  std::string doubt;        // why nothing can be said; empty = it can
};
// Of the person that was fitted. Holds the sound and the mouths' pictures in memory, 0.6 GB an hour.
SourceOffset source_offset(const std::filesystem::path& video, const Analysis& analysis,
                           const FittedFace& face, const mesh::FaceModel& model, const ModelSet& models);

// Clips of the list are each other's "others". `id`: of the model that judges.
// Throws Error{input} for a clip that is too short to be judged.
std::vector<SyncFigures> measure_sync(const std::vector<std::filesystem::path>& clips, const ModelSet& models,
                                      const MeasureOptions& options, const std::string& id = "sync-judge");

}  // namespace resyncer::pipeline
