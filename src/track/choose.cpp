#include <algorithm>
#include <cassert>
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

// Tracks of one person, none of which shows a face in a frame of another.
class Person {
 public:
  void add(const FaceTrack& track) {
    for (const FaceTrack* other : tracks_)
      if (other->id == track.id || share_frames(*other, track)) return;
    tracks_.push_back(&track);
  }
  // The tracks of a shot that are like the anchor's, the most alike first.
  template <typename May>
  void add_alike(const FaceTracks& tracks, int shot, const FaceTrack& anchor, const May& may) {
    const Place place = place_of(anchor);
    std::vector<std::pair<float, const FaceTrack*>> likely;
    for (const FaceTrack& track : tracks.tracks) {
      if (track.shot != shot || !may(track)) continue;
      const float value = unlikeness(place, place_of(track));
      if (value < kSamePerson) likely.emplace_back(value, &track);
    }
    std::stable_sort(likely.begin(), likely.end(), [](auto& a, auto& b) { return a.first < b.first; });
    for (auto& [value, track] : likely) add(*track);
  }
  std::vector<int> ids() const {
    std::vector<int> ids;
    ids.reserve(tracks_.size());
    for (const FaceTrack* track : tracks_) ids.push_back(track->id);
    std::sort(ids.begin(), ids.end());
    return ids;
  }

 private:
  std::vector<const FaceTrack*> tracks_;
};

const FaceTrack* track_of_id(const FaceTracks& tracks, int id) {
  for (const FaceTrack& track : tracks.tracks)
    if (track.id == id) return &track;
  return nullptr;
}

const FaceTrack* first_of_shot(const FaceTracks& tracks, int shot) {
  for (const FaceTrack& track : tracks.tracks)
    if (track.shot == shot) return &track;
  return nullptr;
}

// Position of the seed that the track is most like.
std::size_t most_alike(const FaceTrack& track, const std::vector<const FaceTrack*>& seeds) {
  std::vector<float> values;
  values.reserve(seeds.size());
  for (const FaceTrack* seed : seeds) values.push_back(unlikeness(place_of(*seed), place_of(track)));
  return std::size_t(std::min_element(values.begin(), values.end()) - values.begin());
}

}  // namespace

std::vector<int> choose(const FaceTracks& tracks, const FaceChoice& choice) {
  if (!choice.tracks.empty()) return choice.tracks;
  const bool any = !choice.index && !choice.point && !choice.box;
  const FaceTrack* seed = any ? nullptr : seed_of(tracks, choice);
  if (!any && seed == nullptr) return {};
  Person person;
  if (seed != nullptr) person.add(*seed);
  for (int shot = 0; shot < int(tracks.shot_starts.size()); ++shot) {
    const FaceTrack* anchor = any ? first_of_shot(tracks, shot) : seed;  // the largest of the shot
    if (anchor != nullptr) person.add_alike(tracks, shot, *anchor, [](const FaceTrack&) { return true; });
  }
  return person.ids();
}

std::optional<int> seed(const FaceTracks& tracks, const FaceChoice& choice) {
  const bool any = !choice.index && !choice.point && !choice.box;
  const FaceTrack* found = any ? nullptr : seed_of(tracks, choice);
  return found != nullptr ? std::optional(found->id) : std::nullopt;
}

std::vector<std::vector<int>> choose_apart(const FaceTracks& tracks, const std::vector<int>& seeds) {
  std::vector<const FaceTrack*> anchors;
  for (int id : seeds)
    if (const FaceTrack* track = track_of_id(tracks, id)) anchors.push_back(track);
  assert(anchors.size() == seeds.size());
  std::vector<std::vector<int>> people;
  for (std::size_t i = 0; i < anchors.size(); ++i) {
    Person person;
    person.add(*anchors[i]);
    for (int shot = 0; shot < int(tracks.shot_starts.size()); ++shot)
      person.add_alike(tracks, shot, *anchors[i], [&](const FaceTrack& track) {
        const bool is_seed = std::find(seeds.begin(), seeds.end(), track.id) != seeds.end();
        return !is_seed && most_alike(track, anchors) == i;
      });
    people.push_back(person.ids());
  }
  return people;
}

}  // namespace resyncer::track
