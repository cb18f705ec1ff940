#include <algorithm>
#include <cmath>

#include "resyncer/track/face_tracker.h"

namespace resyncer::track {
namespace {

// Where a track is on average, and how large.
struct Place {
  core::Point2 centre = {0, 0};
  float side = 0;
};

Place place_of(const FaceTrack& track) {
  Place place;
  float count = 0;
  for (const auto& f : track.frames)
    if (f) {
      place.centre += core::Point2(float(f->box.left + f->box.right), float(f->box.top + f->box.bottom)) / 2;
      place.side += float(f->box.width());
      ++count;
    }
  if (count > 0) {
    place.centre /= count;
    place.side /= count;
  }
  return place;
}

// 0 = same place and size; about 1 per face width of distance.
float unlikeness(const Place& a, const Place& b) {
  float side = std::max(1.F, std::sqrt(a.side * b.side));
  return (a.centre - b.centre).norm() / side +
         2 * std::abs(std::log(std::max(a.side, 1.F) / std::max(b.side, 1.F)));
}

constexpr float kSamePerson = 1.5F;

bool share_frames(const FaceTrack& a, const FaceTrack& b) {
  auto first = std::max(a.first_frame, b.first_frame);
  auto end =
      std::min(a.first_frame + std::int64_t(a.frames.size()), b.first_frame + std::int64_t(b.frames.size()));
  for (auto t = first; t < end; ++t)
    if (a.frames[std::size_t(t - a.first_frame)] && b.frames[std::size_t(t - b.first_frame)]) return true;
  return false;
}

// How well a track fits a point or box: frames that cover the point, or the sum of overlaps.
float fit(const FaceTrack& track, const FaceChoice& choice) {
  float sum = 0;
  for (const auto& f : track.frames) {
    if (!f) continue;
    if (choice.point && f->box.contains(*choice.point)) sum += 1;
    if (choice.box) sum += core::overlap(f->box, *choice.box);
  }
  return sum;
}

const FaceTrack* seed_of(const FaceTracks& tracks, const FaceChoice& choice) {
  const FaceTrack* best = nullptr;
  float best_fit = 0;
  for (const auto& track : tracks.tracks) {
    float value = choice.index ? float(track.id == *choice.index) : fit(track, choice);
    if (value > best_fit) {
      best_fit = value;
      best = &track;
    }
  }
  return best;
}

}  // namespace

std::vector<int> choose(const FaceTracks& tracks, const FaceChoice& choice) {
  std::vector<const FaceTrack*> chosen;
  auto add = [&](const FaceTrack& track) {
    for (const auto* other : chosen)
      if (other->id == track.id || share_frames(*other, track)) return;
    chosen.push_back(&track);
  };
  bool any = !choice.index && !choice.point && !choice.box;
  const FaceTrack* seed = any ? nullptr : seed_of(tracks, choice);
  if (!any && seed == nullptr) return {};
  if (seed != nullptr) add(*seed);

  for (int shot = 0; shot < int(tracks.shot_starts.size()); ++shot) {
    std::vector<std::pair<float, const FaceTrack*>> likely;
    const FaceTrack* anchor = seed;
    for (const auto& track : tracks.tracks) {
      if (track.shot != shot) continue;
      if (anchor == nullptr) anchor = &track;  // by default the largest of the shot
      float value = unlikeness(place_of(*anchor), place_of(track));
      if (value < kSamePerson) likely.emplace_back(value, &track);
    }
    std::stable_sort(likely.begin(), likely.end(), [](auto& a, auto& b) { return a.first < b.first; });
    for (auto& [value, track] : likely) add(*track);
  }
  std::vector<int> ids;
  ids.reserve(chosen.size());
  for (const auto* track : chosen) ids.push_back(track->id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace resyncer::track
