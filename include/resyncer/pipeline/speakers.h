// The speaker map of a render: who speaks when, and in which file (docs/speakers.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resyncer/pipeline/mouth_controls.h"
#include "resyncer/track/face_tracker.h"

namespace resyncer::pipeline {

// One turn.
struct Speaker {
  TimeRange range;  // in which the speech moves the mouth; it begins at the range's start
  std::optional<track::FaceChoice> face;  // none: a narrator, who moves nobody's lips
  std::filesystem::path speech;           // empty only of a narrator
  std::string place;                      // where the turn was written, for messages
};

// START-END:FACE:FILE of the command line; FACE: a track's number, X,Y, L,T,R,B or none; a narrator may have
// no FILE. A START or END with colons is read as the longest time that leaves a face. Throws Error{usage}.
Speaker parse_speaker(const std::string& text);

enum class SpeakerMapFormat { toml, json };
// [[speaker]] tables, or in JSON a list of objects (under "speaker" as well), of start, end, face and speech.
// Relative paths are relative to the folder of `map`, which names the text in messages. Throws Error{usage,
// input}.
std::vector<Speaker> parse_speaker_map(std::string_view text, SpeakerMapFormat format,
                                       const std::filesystem::path& map);
// A .toml or a .json. Throws Error{usage, input}.
std::vector<Speaker> read_speaker_map(const std::filesystem::path& map);

// Sorts turns by their start. Throws Error{usage} where two of the same choice of face overlap; those that
// turn out to be one face are found by the render.
void order_turns(std::vector<Speaker>* turns);

// The speech files behind a value of render's option `speaker` or `speakers`, which keys of results have to
// follow; none of other options, and of a value that no render would take. `folder`: of relative paths.
std::vector<std::filesystem::path> speech_files(const std::string& option, const std::string& value,
                                                const std::filesystem::path& folder);

}  // namespace resyncer::pipeline
