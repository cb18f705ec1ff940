// Small footage for end-to-end tests, made by the ffmpeg binary from the bundled portrait.
#pragma once

#include <string>
#include <vector>

#include "support/run.h"
#include "support/scratch_folder.h"

namespace resyncer::testing {

using support::resyncer;
using support::run;
using support::RunResult;
using support::ScratchFolder;

// `seconds` of the gently moving portrait at `rate` frames a second; `extra` goes to ffmpeg before the
// output's name.
std::string make_portrait_clip(const ScratchFolder& scratch, const std::string& name, double seconds,
                               const std::string& rate = "25", const std::vector<std::string>& extra = {});
// Lossless yuv420p video at 25 frames a second of the very samples, as raw_video gives them. `size`:
// "320x240".
std::string make_clip_of(const ScratchFolder& scratch, const std::string& name, const std::string& samples,
                         const std::string& size);
// A spoken sentence (espeak-ng), WAV.
std::string make_speech(const ScratchFolder& scratch, const std::string& name);

// The portrait as a phone held upright stores it: a JPEG on its side whose EXIF says so.
std::string make_phone_photo(const ScratchFolder& scratch, const std::string& name);
// The clip as a phone stores it: on its side, with a display matrix. `name` ends in .mov or .mp4.
std::string make_phone_clip(const ScratchFolder& scratch, const std::string& name,
                            const std::string& upright_clip, const std::string& pixel_format = "yuv420p");

// "pts" of every packet of a stream ("v:0", "a:0"), sorted, as ffprobe reads them, in seconds.
std::vector<std::string> packet_times(const std::string& file, const std::string& stream);
// MD5 of every packet's data.
std::vector<std::string> packet_hashes(const std::string& file, const std::string& stream);
// Decodes everything; empty when ffmpeg finds no fault.
std::string decode_errors(const std::string& file);
std::string probe(const std::string& file, const std::string& entries, const std::string& stream = "");
// Raw samples of the video, all planes, in the given pixel format.
std::string raw_video(const std::string& file, const std::string& pixel_format, bool autorotate = false);

}  // namespace resyncer::testing
