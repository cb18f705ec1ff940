#include "pipeline/face_picture.h"

#include "prepare_groups.h"
#include "resyncer/identity/recogniser.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/reference_bank.h"

namespace resyncer::pipeline {

namespace {

constexpr float kMinScore = 0.5F, kSmallest = 40;  // px between the outer corners of the eyes

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

// `landmarks`: upright px. `scratch` is kept from frame to frame.
core::ImageU8 face_picture(const media::VideoFrame& frame, const core::Affine2& upright_from_stored,
                           const core::Landmarks& landmarks, core::ImageU8* scratch) {
  core::ImageU8 rgb, gray(identity::kFacePicture, identity::kFacePicture, 1);
  take_crop(frame, upright_from_stored, identity::picture_from_frame(landmarks), identity::kFacePicture,
            scratch, &rgb);
  for (std::size_t i = 0; i < gray.data.size(); ++i)
    gray.data[i] = std::uint8_t(
        (rgb.data[3 * i] * 77 + rgb.data[3 * i + 1] * 150 + rgb.data[3 * i + 2] * 29 + 128) >> 8);
  return gray;
}

}  // namespace

std::vector<core::ImageU8> face_pictures(const std::filesystem::path& path, const Analysis& analysis,
                                         int most) {
  std::vector<core::ImageU8> pictures;
  const std::vector<std::int64_t> frames = well_seen(analysis, most);
  if (frames.empty()) return pictures;
  const std::vector<int> tracks = tracks_of_frames(analysis);
  media::VideoReader reader(path, {-1, 1});
  core::ImageU8 scratch;
  for (std::int64_t frame = 0; pictures.size() < frames.size(); ++frame) {
    const std::optional<media::VideoFrame> picture = reader.read();
    if (!picture) break;
    if (frame != frames[pictures.size()]) continue;
    const track::FaceTrack& face = analysis.tracks.tracks[std::size_t(tracks[std::size_t(frame)])];
    const core::FaceObservation& seen = *face.frames[std::size_t(frame - face.first_frame)];
    pictures.push_back(face_picture(*picture, reader.upright_from_stored(), seen.landmarks, &scratch));
  }
  return pictures;
}

}  // namespace resyncer::pipeline
