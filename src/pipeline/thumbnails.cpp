#include "resyncer/pipeline/thumbnails.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <opencv2/imgproc.hpp>

#include "pipeline/picture_file.h"
#include "resyncer/core/error.h"
#include "resyncer/media/video_reader.h"

namespace resyncer::pipeline {

namespace {

constexpr int kSide = 256;              // px
constexpr std::size_t kCandidates = 5;  // frontal frames of a track that are compared for sharpness
constexpr float kRoom = 0.9F;           // half side of the picture, in face box widths

// How unlike their mirror image the distances from the nose to the outer corners of the eyes are: 0 =
// frontal.
float turn(const core::Landmarks& p) {
  const float left = (p[30] - p[36]).norm(), right = (p[30] - p[45]).norm();
  return std::abs(left - right) / std::max(1e-3F, left + right);
}

struct Candidate {
  float badness = 0;
  std::int64_t frame = 0;
  const core::FaceObservation* face = nullptr;
};

// The most frontal frames of a track, far enough from one another to differ.
std::vector<Candidate> frontal_frames(const track::FaceTrack& track) {
  std::vector<Candidate> all, chosen;
  for (std::size_t i = 0; i < track.frames.size(); ++i)
    if (const auto& face = track.frames[i])
      all.push_back({turn(face->landmarks) + 1 - face->score, track.first_frame + std::int64_t(i), &*face});
  std::stable_sort(all.begin(), all.end(),
                   [](const Candidate& a, const Candidate& b) { return a.badness < b.badness; });
  constexpr std::int64_t kApart = 3;
  for (const Candidate& candidate : all) {
    const bool is_near = std::any_of(chosen.begin(), chosen.end(), [&](const Candidate& other) {
      return std::abs(other.frame - candidate.frame) < kApart;
    });
    if (!is_near) chosen.push_back(candidate);
    if (chosen.size() == kCandidates) break;
  }
  return chosen;
}

struct Thumbnail {
  float sharpness = -1;
  core::ImageU8 picture;
};

core::ImageU8 picture_of(const media::VideoFrame& frame, const core::Affine2& upright_from_stored,
                         const core::FaceObservation& face) {
  const core::Box& box = face.box;
  const float half = kRoom * float(std::max(1, std::max(box.width(), box.height())));
  const core::Point2 centre(0.5F * float(box.left + box.right), 0.5F * float(box.top + box.bottom));
  core::Affine2 crop_from_upright = core::Affine2::Identity();
  crop_from_upright.scale(float(kSide) / (2 * half)).translate(core::Point2(half, half) - centre);
  core::ImageU8 scratch, picture;
  take_crop(frame, upright_from_stored, crop_from_upright, kSide, &scratch, &picture);
  return picture;
}

// Variance of the Laplacian.
float sharpness_of(const core::ImageU8& rgb) {
  const cv::Mat view(rgb.height, rgb.width, CV_8UC3, const_cast<std::uint8_t*>(rgb.data.data()));
  cv::Mat gray, edges;
  cv::cvtColor(view, gray, cv::COLOR_RGB2GRAY);
  cv::Laplacian(gray, edges, CV_32F);
  cv::Scalar mean, deviation;
  cv::meanStdDev(edges, mean, deviation);
  return float(deviation[0]);
}

}  // namespace

std::filesystem::path thumbnail_file(const std::filesystem::path& folder, int track_id) {
  return folder / ("face-" + std::to_string(track_id) + ".png");
}

void write_thumbnails(const std::filesystem::path& video, const Analysis& analysis,
                      const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw core::Error(core::ErrorKind::output, "the folder cannot be made", folder.string());
  std::multimap<std::int64_t, std::pair<int, const core::FaceObservation*>> wanted;  // by frame
  for (const track::FaceTrack& track : analysis.tracks.tracks)
    for (const Candidate& c : frontal_frames(track)) wanted.insert({c.frame, {track.id, c.face}});
  std::map<int, Thumbnail> best;
  media::VideoReader reader(video);
  for (std::int64_t index = 0; !wanted.empty(); ++index) {
    const std::optional<media::VideoFrame> frame = reader.read();
    if (!frame) break;
    for (auto it = wanted.begin(); it != wanted.end() && it->first == index; it = wanted.erase(it)) {
      const auto& [id, face] = it->second;
      core::ImageU8 picture = picture_of(*frame, reader.upright_from_stored(), *face);
      const float sharpness = sharpness_of(picture);
      if (sharpness > best[id].sharpness) best[id] = {sharpness, std::move(picture)};
    }
  }
  for (const auto& [id, thumbnail] : best) write_picture(thumbnail.picture, thumbnail_file(folder, id));
}

}  // namespace resyncer::pipeline
