#include "resyncer/pipeline/kept.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "resyncer/pipeline/analysis.h"

namespace resyncer::pipeline {

namespace {

float yaw_of(const FittedFace& face, std::size_t frame) {
  return std::abs(mesh::head_angles(face.frames[frame]->camera_from_head).y());
}

Kept reason_of(const Analysis& analysis, const FittedFace& face, std::size_t frame,
               const UsabilityOptions& options) {
  if (!face.frames[frame] || face.track[frame] < 0) return Kept::unseen;
  const track::FaceTrack& track = analysis.tracks.tracks[std::size_t(face.track[frame])];
  const Kept sight = kept_by_sight(track, frame - std::size_t(track.first_frame), options);
  const bool big_enough = sight == Kept::no || sight == Kept::covered;
  return big_enough && yaw_of(face, frame) > options.max_yaw_degrees ? Kept::turned : sight;
}

// What is in front does not go away for a few frames.
void close_gaps(const FittedFace& face, std::size_t longest, std::vector<Kept>* kept) {
  std::size_t last = kept->size();  // covered frame
  for (std::size_t i = 0; i < kept->size(); ++i) {
    if ((*kept)[i] != Kept::covered) continue;
    if (last < i && i - last - 1 <= longest && face.track[last] == face.track[i])
      for (std::size_t k = last + 1; k < i; ++k)
        if ((*kept)[k] == Kept::no) (*kept)[k] = Kept::covered;
    last = i;
  }
}

// Of frames [begin, end) without a face: why it was lost, as far as the frames beside show it.
Kept reason_beside(const FittedFace& face, const std::vector<Kept>& kept, std::size_t begin, std::size_t end,
                   const UsabilityOptions& options) {
  constexpr std::size_t kBeside = 5;
  constexpr float kTurning = 0.6F;  // of the yaw that is too much
  bool covered = false, turning = false;
  auto look = [&](std::size_t i) {
    covered = covered || kept[i] == Kept::covered;
    turning = turning || kept[i] == Kept::turned ||
              (face.frames[i] && yaw_of(face, i) > kTurning * options.max_yaw_degrees);
  };
  for (std::size_t i = begin - std::min(begin, kBeside); i < begin; ++i) look(i);
  for (std::size_t i = end; i < std::min(kept.size(), end + kBeside); ++i) look(i);
  return covered ? Kept::covered : turning ? Kept::turned : Kept::unseen;
}

}  // namespace

Kept kept_by_sight(const track::FaceTrack& track, std::size_t i, const UsabilityOptions& options) {
  const auto& seen = track.frames[i];
  if (!seen || seen->score < options.min_score) return Kept::unseen;
  if (core::inter_ocular_distance(seen->landmarks) < options.min_inter_ocular_px) return Kept::too_small;
  return i < track.covered.size() && track.covered[i] >= options.max_covered ? Kept::covered : Kept::no;
}

std::vector<Kept> kept_frames(const Analysis& analysis, const FittedFace& face,
                              const UsabilityOptions& options) {
  std::vector<Kept> kept(face.frames.size());
  for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = reason_of(analysis, face, i, options);
  close_gaps(face, std::size_t(std::max(0, options.fade_frames)), &kept);
  const std::vector<Kept> found = kept;
  for (std::size_t begin = 0; begin < kept.size(); ++begin) {
    if (found[begin] != Kept::unseen) continue;
    std::size_t end = begin;
    while (end < kept.size() && found[end] == Kept::unseen) ++end;
    std::fill(kept.begin() + std::ptrdiff_t(begin), kept.begin() + std::ptrdiff_t(end),
              reason_beside(face, found, begin, end, options));
    begin = end - 1;
  }
  return kept;
}

const char* name_of(Kept why) {
  switch (why) {
    case Kept::unseen:
      return "out of sight";
    case Kept::covered:
      return "covered";
    case Kept::turned:
      return "turned away";
    case Kept::too_small:
      return "too small";
    case Kept::no:
      break;
  }
  return "";
}

std::vector<KeptRange> kept_ranges(const std::vector<Kept>& frames, const std::vector<double>& starts) {
  std::vector<KeptRange> ranges;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (frames[i] == Kept::no) continue;
    if (i == 0 || frames[i - 1] != frames[i]) ranges.push_back({{starts[i], starts[i]}, frames[i]});
    ranges.back().time.end = starts[i + 1];
  }
  return ranges;
}

std::string kept_note(const std::vector<KeptRange>& ranges) {
  constexpr std::size_t kTold = 4;
  if (ranges.empty()) return "";
  std::string text = ranges.size() == 1 ? "1 stretch keeps its own mouth: "
                                        : std::to_string(ranges.size()) + " stretches keep their own mouth: ";
  for (std::size_t i = 0; i < std::min(ranges.size(), kTold); ++i) {
    char range[64];
    std::snprintf(range, sizeof range, "%s%.1f-%.1f s ", i > 0 ? ", " : "", ranges[i].time.start,
                  ranges[i].time.end);
    text += std::string(range) + name_of(ranges[i].why);
  }
  if (ranges.size() > kTold) text += ", … (--stats FILE lists them all)";
  return text;
}

}  // namespace resyncer::pipeline
