// Finding and following faces: dlib's HOG detector now and then on a small copy, dlib's 68-point predictor on
// every frame, tracks with identities across frames, shot cuts, jitter removed without lag afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "resyncer/core/face.h"
#include "resyncer/core/image.h"
#include "resyncer/track/face_search.h"

namespace resyncer::track {

struct TrackerOptions {
  std::filesystem::path landmark_model;  // dlib shape_predictor with 68 points; empty = Debian's libdlib-data
  int detection_width = 640;             // frames are reduced to at most this many px wide or high to detect
  int detection_interval = 10;           // every so many frames they are looked through, whoever is seen
  float min_score = 0.3F;  // observations below are dropped (left the frame, covered, in profile)
  int min_face_px = 32;    // smallest face width at full resolution
};

// The landmark model that these options mean.
std::filesystem::path landmark_file(const TrackerOptions& options);

// One face in one shot. Index i of the vectors is frame `first_frame + i`.
struct FaceTrack {
  int id = 0;    // 0 = the largest (mean area times frames), in falling order
  int shot = 0;  // index into FaceTracks::shot_starts
  std::int64_t first_frame = 0;
  std::vector<std::optional<core::FaceObservation>> frames;
  std::vector<std::optional<core::FaceObservation>> raw;  // before smoothing; for measurements
  // Share of the lower face that something is in front of, [0, 1]; empty = not looked for (the tracker itself
  // does not: pipeline/covered.h).
  std::vector<float> covered;
};

struct FaceTracks {
  std::int64_t frame_count = 0;
  std::vector<std::int64_t> shot_starts;  // first frames, ascending, starts with 0
  std::vector<FaceTrack> tracks;
};

// Causal part: push every frame in order, then finish() smooths (zero lag, within shots) and leaves the
// tracker ready for the next video. Making a tracker reads the 100 MB landmark model (about 0.5 s): keep it
// for many videos. Results depend on the frames alone. Tracks of fewer than three observations are dropped in
// longer shots.
class FaceTracker {
 public:
  // Throws Error{model} when the landmark model is missing or damaged.
  explicit FaceTracker(const TrackerOptions& options = {});
  ~FaceTracker();

  // `gray`: upright frame at `scale` times full resolution; observations come back in full-resolution px.
  // `found`: what FaceSearch finds in this very frame, where that is known already; it saves time and changes
  // nothing. Returns the faces of this frame before smoothing (for the reference bank).
  std::vector<core::FaceObservation> push(const core::ImageU8& gray, float scale,
                                          const std::vector<Detection>* found = nullptr);
  FaceTracks finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Scale that `push` wants its gray images in, for frames of this size: at most 1.
float analysis_scale(int width, int height);

// True when `now` starts a new shot after `before`: small gray thumbnails, block histograms. Flashes, fades,
// pans and fast movement are no cuts, nor is a change from or to a frame without content (black, white, one
// tone); a jump of the same person before the same backdrop is none either.
bool is_shot_cut(const core::ImageU8& before, const core::ImageU8& now);

// Zero-lag smoothing of one track's landmarks, in place (used by finish()). Mouth points are smoothed least.
void smooth(std::vector<std::optional<core::FaceObservation>>* frames);

struct FaceChoice {
  std::optional<int> index;           // track id
  std::optional<core::Point2> point;  // px, upright: the track that covers it most often
  std::optional<core::Box> box;       // px, upright: the track that overlaps it most
  std::vector<int> tracks;            // these ids and no others (see choose_apart); empty = not known
};

// Ids of the tracks that are one person's, over all shots, ascending: by default the largest face of every
// shot. With a choice given, its track is the seed, and in every shot those tracks join it whose place and
// size are like the seed's: distance of the mean box centres in box widths + 2 |log of the ratio of the mean
// widths| < 1.5, the most alike first, none that shows a face in the same frame as one chosen before.
// (Likewise around the largest of each shot by default: a face that left and came back.) Empty when nothing
// fits.
std::vector<int> choose(const FaceTracks& tracks, const FaceChoice& choice);

// Id of the track that a choice names; nullopt when there is none, or the choice is left open.
std::optional<int> seed(const FaceTracks& tracks, const FaceChoice& choice);

// The same of several people at once, in the order of their seeds (ids, each once): a track is one person's
// alone. Seeds join nobody else; any other track may join that person only whose seed it is most like.
std::vector<std::vector<int>> choose_apart(const FaceTracks& tracks, const std::vector<int>& seeds);

}  // namespace resyncer::track
