#include <algorithm>

#include "prepare_groups.h"
#include "resyncer/core/error.h"

namespace resyncer::pipeline {

namespace {

struct TrackRows {
  std::vector<float> landmarks;
  std::vector<std::int32_t> clip, size;
};

void add_analysis(const Analysis& analysis, int clip, int every, TrackRows* out) {
  constexpr float kMinScore = 0.5F;
  std::vector<int> tracks = tracks_of_frames(analysis);
  for (std::size_t i = 0; i < tracks.size(); i += std::size_t(std::max(1, every))) {
    if (tracks[i] < 0) continue;
    const track::FaceTrack& face = analysis.tracks.tracks[std::size_t(tracks[i])];
    const auto& seen = face.frames[i - std::size_t(face.first_frame)];
    if (!seen || seen->score < kMinScore) continue;
    for (const core::Point2& p : seen->landmarks) out->landmarks.insert(out->landmarks.end(), {p.x(), p.y()});
    out->clip.push_back(clip);
    out->size.insert(out->size.end(), {analysis.width, analysis.height});
  }
}

}  // namespace

PrepareReport prepare_cache(const PrepareOptions& options) {
  std::vector<SourceGroup> groups = list_groups(options);
  GroupLoop loop(options, groups.size());
  loop.run(groups, [&](std::size_t g, Worker* worker) { analyse_group(groups[g], options, &loop, worker); });
  PrepareReport report;
  for (const SourceGroup& group : groups) report.files += group.files.size();
  report.skipped = loop.skipped();
  return report;
}

PrepareReport prepare_tracks(const PrepareOptions& options, const TracksOptions& tracks,
                             const std::filesystem::path& out) {
  std::vector<SourceGroup> groups = list_groups(options);
  std::vector<TrackRows> parts(groups.size());
  GroupLoop loop(options, groups.size());
  loop.run(groups, [&](std::size_t g, Worker* worker) {
    for (const std::optional<Analysis>& analysis : analyse_group(groups[g], options, &loop, worker))
      if (analysis) add_analysis(*analysis, int(g), tracks.every, &parts[g]);
  });
  PrepareReport report;
  TrackRows rows;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    report.files += groups[g].files.size();
    append(&rows.landmarks, &parts[g].landmarks);
    append(&rows.clip, &parts[g].clip);
    append(&rows.size, &parts[g].size);
  }
  report.skipped = loop.skipped();
  report.rows = rows.clip.size();
  if (rows.clip.empty())
    throw core::Error(core::ErrorKind::input, "no usable face was found in any of the files");
  auto n = std::int64_t(rows.clip.size());
  core::TensorFileWriter writer;
  writer.set_meta("kind", "tracks");
  writer.add("landmarks", {n, core::kLandmarks, 2}, rows.landmarks);
  writer.add("clip", core::DType::i32, {n}, rows.clip.data());
  writer.add("size", core::DType::i32, {n, 2}, rows.size.data());
  writer.write(out);
  return report;
}

}  // namespace resyncer::pipeline
