// The main job: a recorded video and a new speech track in, the same video speaking the new words out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/generator/reference_choice.h"
#include "resyncer/media/video_writer.h"
#include "resyncer/pipeline/kept.h"
#include "resyncer/pipeline/length_mode.h"
#include "resyncer/pipeline/models.h"
#include "resyncer/pipeline/mouth_controls.h"
#include "resyncer/pipeline/progress.h"
#include "resyncer/pipeline/speakers.h"
#include "resyncer/pipeline/styles.h"
#include "resyncer/track/face_tracker.h"

namespace resyncer::pipeline {

// Whose pictures and videos an identity is taken from: the file itself, or those in a folder by name, not in
// its subfolders. Throws Error{input}.
std::vector<std::filesystem::path> identity_files(const std::filesystem::path& path);

enum class Renderer {
  network,  // the rewired generator
  warp      // the nearest reference, warped and colour-matched: the baseline and a fast preview
};

// What is seen where the speech is silent.
enum class Silence {
  rest,   // the mouth at rest
  source  // the footage's own mouth
};

struct RenderOptions {
  std::filesystem::path input, speech, output;  // speech: empty only with an identity, the mouth is kept then
  std::filesystem::path
      speech_stem;  // moves the mouth in the place of `speech`, which is heard; empty = none
  // Whose voices move which mouths while `speech` is heard, by their start; empty = `speech` moves `face`'s.
  std::vector<Speaker> speakers;
  LengthMode length = LengthMode::video;
  Silence silence = Silence::rest;
  std::filesystem::path identity;  // picture, video or folder of who lends the face; empty = the face is kept
  std::filesystem::path mask_out, preview;  // empty = none
  Renderer renderer = Renderer::network;
  std::filesystem::path person;  // adaptation of the generator (personalize.h); empty = none
  double adapt_minutes = 0;      // make one from the input, or take it from the cache; 0 = no
  StyleChoice style;             // manner of speaking
  std::filesystem::path drive;   // video whose mouth is followed instead of the speech; empty = none
  MouthControls mouth;
  media::EncoderOptions encoder;
  media::Interlaced interlaced = media::Interlaced::refuse;  // what the result is to be of interlaced footage
  track::FaceChoice face;
  track::TrackerOptions tracker;
  float max_yaw_degrees = 45;  // heads turned further keep their own mouth
  bool keep_source_audio = false;
  bool use_cache = true;
  std::filesystem::path cache_folder;  // empty = $XDG_CACHE_HOME/resyncer
  // What is painted is kept in this file until the result is whole, and taken from it where a former run was
  // ended; to be named by all that the pictures depend on. Empty = nothing is kept.
  std::filesystem::path painted;
  int threads = 0;           // frames in work at once; 0 = cores
  std::string label;         // shown in altered frames, UTF-8 (label.h); empty = none
  bool provenance = true;    // the result says that it was altered, and how (provenance.h)
  std::string consent_note;  // for the provenance, UTF-8; empty = none
  // Bit-exact on one kind of CPU: fp32 and version-free files. Frames never depend on the number of threads.
  bool deterministic = false;
};

struct StageTime {
  double seconds = 0;  // summed over threads
  std::int64_t frames = 0;
};

struct RenderReport {
  std::int64_t frames = 0, repainted_frames = 0;
  std::int64_t resumed_frames = 0;  // of frames: done by a former run (RenderOptions::painted)
  // Where frames were repainted, in the time of the result itself; frames without a break are one range.
  std::vector<TimeRange> altered;
  // Where the face keeps its own mouth and why, likewise, as far as MouthControls::ranges ask for a new one.
  std::vector<KeptRange> kept;
  double wall_seconds = 0;
  bool analysis_cached = false;
  bool person_cached = false;              // an adaptation that was made earlier
  double adaptation_seconds = 0;           // of wall_seconds
  double reprojection_error = 0;           // mean, in inter-ocular distances
  std::string audio_action;                // "copied", "encoded as aac"
  std::string precision;                   // "bf16", "fp32"
  std::optional<double> source_offset_ms;  // MouthControls::keep_source_offset: measured, and kept
  std::vector<std::string> notes;          // sentences for the user
  std::int64_t peak_memory_bytes = 0;
  std::map<std::string, StageTime> stages;
};

// Throws core::Error; leaves no file on failure.
RenderReport render(const RenderOptions& options, const ModelSet& models, const ProgressSink& progress);

// --stats: everything above with versions and model hashes, as JSON text.
std::string stats_json(const RenderOptions& options, const ModelSet& models, const RenderReport& report);

}  // namespace resyncer::pipeline
