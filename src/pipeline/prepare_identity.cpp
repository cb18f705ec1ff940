#include <algorithm>

#include "pipeline/face_picture.h"
#include "prepare_groups.h"
#include "resyncer/core/error.h"
#include "resyncer/identity/recogniser.h"
#include "resyncer/media/video_reader.h"

namespace resyncer::pipeline {

namespace {

constexpr float kMinScore = 0.5F, kSmallest = 40;  // px between the outer corners of the eyes

struct IdentityRows {
  std::vector<std::uint8_t> pictures;
  std::vector<std::int32_t> person, file;
};

// Frames that show the face well, at most so many, evenly.
std::vector<std::int64_t> well_seen(const Analysis& analysis, int most) {
  const std::vector<int> tracks = tracks_of_frames(analysis);
  std::vector<std::int64_t> frames, some;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    if (tracks[i] < 0) continue;
    const track::FaceTrack& face = analysis.tracks.tracks[std::size_t(tracks[i])];
    const auto& seen = face.frames[i - std::size_t(face.first_frame)];
    if (seen && seen->score >= kMinScore && core::inter_ocular_distance(seen->landmarks) >= kSmallest)
      frames.push_back(std::int64_t(i));
  }
  if (frames.size() <= std::size_t(most)) return frames;
  for (int k = 0; k < most; ++k) some.push_back(frames[std::size_t(k) * frames.size() / std::size_t(most)]);
  return some;
}

void add_file(const SourceFile& source, const Analysis& analysis, int file, int most, IdentityRows* out) {
  const std::vector<std::int64_t> frames = well_seen(analysis, most);
  if (frames.empty()) return;
  const std::vector<int> tracks = tracks_of_frames(analysis);
  media::VideoReader reader(source.path, {-1, 1});
  core::ImageU8 scratch;
  std::size_t next = 0;
  for (std::int64_t frame = 0; next < frames.size(); ++frame) {
    const std::optional<media::VideoFrame> picture = reader.read();
    if (!picture) break;
    if (frame != frames[next]) continue;
    const track::FaceTrack& face = analysis.tracks.tracks[std::size_t(tracks[std::size_t(frame)])];
    const core::FaceObservation& seen = *face.frames[std::size_t(frame - face.first_frame)];
    const core::ImageU8 gray = face_picture(*picture, reader.upright_from_stored(), seen.landmarks, &scratch);
    out->pictures.insert(out->pictures.end(), gray.data.begin(), gray.data.end());
    out->person.push_back(source.speaker);
    out->file.push_back(file);
    ++next;
  }
}

}  // namespace

PrepareReport prepare_identity(const PrepareOptions& options, const IdentityOptions& settings,
                               const std::filesystem::path& out) {
  std::vector<SourceGroup> groups = list_groups(options);
  std::vector<IdentityRows> parts(groups.size());
  std::vector<int> first(groups.size(), 0);
  PrepareReport report;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    first[g] = int(report.files);
    report.files += groups[g].files.size();
  }
  GroupLoop loop(options, groups.size());
  loop.run(groups, [&](std::size_t g, Worker* worker) {
    const auto analyses = analyse_group(groups[g], options, &loop, worker);
    for (std::size_t k = 0; k < analyses.size(); ++k)
      if (analyses[k])
        add_file(groups[g].files[k], *analyses[k], first[g] + int(k), settings.frames_per_file, &parts[g]);
  });
  IdentityRows rows;
  for (IdentityRows& part : parts) {
    append(&rows.pictures, &part.pictures);
    append(&rows.person, &part.person);
    append(&rows.file, &part.file);
  }
  report.skipped = loop.skipped();
  report.rows = rows.person.size();
  if (rows.person.empty())
    throw core::Error(core::ErrorKind::input, "no usable face was found in any of the files");
  const auto n = std::int64_t(rows.person.size());
  core::TensorFileWriter writer;
  writer.set_meta("kind", "identity");
  writer.add("pictures", core::DType::u8, {n, identity::kFacePicture, identity::kFacePicture},
             rows.pictures.data());
  writer.add("person", core::DType::i32, {n}, rows.person.data());
  writer.add("file", core::DType::i32, {n}, rows.file.data());
  writer.write(out);
  return report;
}

}  // namespace resyncer::pipeline
