// Makes the trainers' dataset files (docs/training.md) from folders of video and photographs. The trainers
// never see video. With a cache folder, another face model needs no new tracking.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "resyncer/mesh/face_model.h"
#include "resyncer/pipeline/cache.h"

namespace resyncer::pipeline {

// Which files, and which of them belong together.
struct PrepareOptions {
  std::vector<std::filesystem::path> inputs;  // files, or folders that are searched (all levels, sorted)
  int max_files = 0;                          // taken evenly from the sorted list; 0 = all
  // Files of one group show one person in one scene: one identity is fitted, and they may lend each other
  // pixels.
  std::string
      group_pattern;   // regular expression on the file name with one capture: equal captures, one group
  int group_size = 1;  // or: this many consecutive files of a folder
  // Speakers, for motion: equal captures of the pattern, or so many consecutive files, or (by default) a
  // whole folder.
  std::string speaker_pattern;
  int speaker_size = 0;
  double sound_delay = 0;  // seconds that the footage's sound comes after its picture (motion, sync)
  std::filesystem::path
      phones;  // of scripts/phones.py: when lips have to be shut (motion, sync); may be empty
  track::TrackerOptions tracker;
  std::filesystem::path cache;  // folder for the analyses; empty = none. Never cleaned
  int threads = 2;              // groups at a time
  ProgressSink progress;        // stage "prepare", in groups
  std::function<void(const std::string& message)> warn;  // a file was skipped, and why
};

struct FacesOptions {
  int side = 256;           // px
  int frames_per_file = 8;  // of the most different mouth shapes
  float max_error = 0.05F;  // reprojection error of a frame, in outer-eye distances
};

struct TracksOptions {
  int every = 2;  // k-th frame
};

struct IdentityOptions {
  int frames_per_file = 4;
};

struct PrepareReport {
  std::size_t files = 0, skipped = 0, rows = 0;  // rows: pictures, 25 Hz motion rows, or landmark sets
  double mean_error = 0;                         // reprojection error of the fits, in outer-eye distances
};

// Tracks everything into the cache and writes nothing else.
PrepareReport prepare_cache(const PrepareOptions& options);
// Dataset files, all safetensors. Throw Error{usage} (patterns), Error{input} (nothing usable),
// Error{output}. "faces": crops u8 [N,S,S,3], target/neutral/wide_open f32 [N,Vc,3] in crop px, expression,
// angles, seconds (the files of a group lie 1000 s apart), openness, sharpness, clip i32 [N] (the group); the
// trainers also know lends u8 [N]: 1 = the row may lend to others (absent: all may). The mouths of target and
// expression are fitted to the pictures of the group (generator::MouthAligner).
PrepareReport prepare_faces(const PrepareOptions& options, const FacesOptions& faces,
                            const mesh::FaceModel& model, const std::string& model_version,
                            const std::filesystem::path& out);
// "motion": mel f16, mel_start, expression f32 at 25 Hz, confidence, openness, motion_start, speaker i32 [C],
// and with `phones` shut f32: share of a row in which /p b m/ keep the lips shut, -1 where that is not known.
PrepareReport prepare_motion(const PrepareOptions& options, const mesh::FaceModel& model,
                             const std::string& model_version, const std::filesystem::path& out);
// "sync": the same and mouth u8 [rows,48,64] (sync/mouth.h): the picture of the mouth at every row.
PrepareReport prepare_sync(const PrepareOptions& options, const mesh::FaceModel& model,
                           const std::string& model_version, const std::filesystem::path& out);
// "identity": gray pictures of faces u8 [N,96,96] (identity/recogniser.h), person i32 [N] (the speaker) and
// file i32 [N].
PrepareReport prepare_identity(const PrepareOptions& options, const IdentityOptions& settings,
                               const std::filesystem::path& out);
// "tracks": landmarks f32 [N,68,2] px, clip i32 [N] (the group), size i32 [N,2] (width, height), for refining
// the face model.
PrepareReport prepare_tracks(const PrepareOptions& options, const TracksOptions& tracks,
                             const std::filesystem::path& out);

// Farthest-point choice of `count` rows out of `candidates` (indices into `rows`), beginning with the one
// nearest to their mean. In ascending order.
std::vector<int> choose_diverse(const std::vector<Eigen::VectorXf>& rows, const std::vector<int>& candidates,
                                int count);

// Values at 25 Hz from values at frame times: row i at (i + 0.5) / 25 s after `start`. Linear between
// neighbours; where a neighbour is missing (nullptr) the other serves, with confidence 0 when both are, or
// the row is outside the video by more than half a frame.
struct MotionRows {
  std::vector<float> values;      // rows x width
  std::vector<float> confidence;  // rows
};
MotionRows resample_motion(const std::vector<double>& times, const std::vector<const float*>& values,
                           const std::vector<float>& confidence, int width, double start, std::size_t rows);

}  // namespace resyncer::pipeline
