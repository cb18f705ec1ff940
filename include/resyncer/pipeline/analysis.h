// First pass over the video: decode, track, gather references; then the fit of the face model to the chosen
// person. Nothing here depends on the speech, so a second language reuses it (cache.h).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "resyncer/core/rational.h"
#include "resyncer/generator/mouth_alignment.h"
#include "resyncer/generator/reference_choice.h"
#include "resyncer/mesh/fit.h"
#include "resyncer/pipeline/kept.h"
#include "resyncer/pipeline/progress.h"
#include "resyncer/pipeline/reference_bank.h"
#include "resyncer/track/face_tracker.h"

namespace resyncer::pipeline {

struct AnalysisOptions {
  track::TrackerOptions tracker;
  bool bank = true;  // gather reference pictures
  BankOptions bank_options;
  int threads = 2;  // 1 = everything on the calling thread; more = decoding beside tracking
  // For many short videos in a row: the tracker is left here and taken up again, since loading its landmarks
  // takes as long as a second of video. Made with `tracker` when empty; one slot serves one thread.
  std::unique_ptr<track::FaceTracker>* kept_tracker = nullptr;
};

// What is known of a video's faces. Memory: about 1.3 kB a frame and face, and the bank.
struct Analysis {
  int width = 0, height = 0;  // upright, square pixels
  core::Rational time_base{1, 25};
  std::vector<std::int64_t> pts;  // of every frame, presentation order
  track::FaceTracks tracks;       // smoothed and raw
  std::vector<BankFrame> bank;

  std::int64_t frame_count() const { return std::int64_t(pts.size()); }
  double seconds(std::int64_t frame) const { return double(pts[std::size_t(frame)]) * time_base.value(); }
  // Middle of the time that the frame is on the screen: the moment that its mouth stands for, in training and
  // rendering alike (row i of 25 Hz motion is at (i + 0.5) / 25 s). The last frame is given the length of the
  // one before.
  double centre_seconds(std::int64_t frame) const;
};

// One decode pass with a bounded queue; progress of the stage "analyse" counts frames. Throws Error{input,
// model}. A video without any face is no error here.
Analysis analyse(const std::filesystem::path& video, const AnalysisOptions& options = {},
                 const ProgressSink& progress = {});

// Position in FaceTracks::tracks that shows the chosen person in every frame, -1 = none.
std::vector<int> tracks_of_frames(const Analysis& analysis, const track::FaceChoice& choice = {});

// The chosen person over the whole video; vectors have one value a frame.
struct FittedFace {
  Eigen::VectorXf identity;
  mesh::Camera camera;
  std::vector<std::optional<mesh::FaceParams>> frames;  // nullopt: no face
  std::vector<int> track;                               // see tracks_of_frames
  std::vector<float> weight;                            // usability [0, 1], see usability_weights
  std::vector<Kept> kept;                               // why the weight is 0
  float reprojection_error = 0;                         // mesh::TrackFit

  // Observation of the chosen person, or null. Smoothed ones are what was fitted.
  const core::FaceObservation* smoothed(const Analysis& analysis, std::int64_t frame) const;
  const core::FaceObservation* raw(const Analysis& analysis, std::int64_t frame) const;
};

struct UsabilityOptions {
  float min_score = 0.3F;
  float min_inter_ocular_px = 16;  // outer-eye distance
  float max_covered = 0.12F;       // FaceTrack::covered
  float max_yaw_degrees = 45;
  int fade_frames = 5;
};

// What the track alone tells of its frame `first_frame + i`; who is turned away is known to a fit only.
Kept kept_by_sight(const track::FaceTrack& track, std::size_t i, const UsabilityOptions& options);

// Why frames of this face are not usable. Where nobody is found, the reason is the one that holds beside it:
// who is covered or turns away is lost for that.
std::vector<Kept> kept_frames(const Analysis& analysis, const FittedFace& face,
                              const UsabilityOptions& options);

// 0 in unusable frames, rising linearly to 1 over `fade_frames` away from them, within a shot. Alpha is
// multiplied by it.
std::vector<float> usability_weights(const std::vector<bool>& usable,
                                     const std::vector<std::int64_t>& shot_starts, int fade_frames);

// Throws Error{face} when the choice fits nobody.
FittedFace fit(const Analysis& analysis, const mesh::FaceModel& model, const track::FaceChoice& choice = {},
               const mesh::FitOptions& options = {}, const UsabilityOptions& usability = {});
// Several videos or pictures of one person with one identity and focal length (pictures of different sizes
// share the principal point only). Videos without a fitting face get empty frames; Error{face} when that
// holds for all.
std::vector<FittedFace> fit_together(const std::vector<const Analysis*>& analyses,
                                     const mesh::FaceModel& model, const track::FaceChoice& choice = {},
                                     const mesh::FitOptions& options = {},
                                     const UsabilityOptions& usability = {});

// The mouth of a frame in which the face was found, as it was fitted to landmarks; its picture is to be cut.
generator::MouthView mouth_view(const mesh::FaceModel& model, const FittedFace& face, std::int64_t frame,
                                double seconds);

// The bank's pictures of the chosen person, ready for the generator: entries[i] describes references[i].
struct References {
  std::vector<generator::BankEntry> entries;
  std::vector<generator::Reference> references;
  std::unique_ptr<generator::MouthAligner> mouths;  // what aligned their meshes; never null
};

// The bank's other pictures, once one person's are taken.
enum class OtherPictures { dropped, kept };

// Moves this person's pictures out of the analysis, and fits the mouths of their meshes to them. Empty when
// the bank has none in a usable frame.
References take_references(Analysis* analysis, const FittedFace& face, const mesh::FaceModel& model,
                           OtherPictures others = OtherPictures::dropped);

}  // namespace resyncer::pipeline
