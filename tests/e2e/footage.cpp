#include "e2e/footage.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace resyncer::testing {

namespace {

RunResult checked(const std::vector<std::string>& command) {
  RunResult result = run(command);
  if (result.status != 0) throw std::runtime_error(command[0] + ": " + result.err);
  return result;
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> packets(const std::string& file, const std::string& stream,
                                 const std::string& field) {
  std::vector<std::string> command{
      "ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", "packet=" + field};
  if (field == "data_hash") command.insert(command.end(), {"-show_data_hash", "md5"});
  command.insert(command.end(), {"-of", "csv=p=0", file});
  std::string text = checked(command).out;
  text.erase(std::remove(text.begin(), text.end(), ','), text.end());  // ffprobe's, beside side data
  return sorted_lines(text);
}

}  // namespace

std::string make_portrait_clip(const ScratchFolder& scratch, const std::string& name, double seconds,
                               const std::string& rate, const std::vector<std::string>& extra) {
  std::string file = scratch.file(name);
  std::vector<std::string> command{
      "ffmpeg",
      "-v",
      "error",
      "-y",
      "-loop",
      "1",
      "-framerate",
      rate,
      "-i",
      RESYNCER_SOURCE_DIR "/tests/data/astronaut.png",
      "-t",
      std::to_string(seconds),
      "-vf",
      "rotate='0.02*sin(2*PI*t/5)':fillcolor=gray,crop=400:400:'56+6*sin(2*PI*t/4)':0,scale=320:320"};
  if (std::find(extra.begin(), extra.end(), "-pix_fmt") == extra.end())
    command.insert(command.end(), {"-pix_fmt", "yuv420p"});
  if (std::find(extra.begin(), extra.end(), "-c:v") == extra.end())
    command.insert(command.end(), {"-c:v", "libx264", "-crf", "12", "-preset", "veryfast"});
  command.insert(command.end(), extra.begin(), extra.end());
  command.push_back(file);
  checked(command);
  return file;
}

std::string make_clip_of(const ScratchFolder& scratch, const std::string& name, const std::string& samples,
                         const std::string& size) {
  std::string raw = scratch.file("raw-" + name), file = scratch.file(name);
  std::ofstream(raw, std::ios::binary) << samples;
  checked({"ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-r", "25", "-i",
           raw, "-c:v", "ffv1", file});
  std::filesystem::remove(raw);
  return file;
}

std::string make_speech(const ScratchFolder& scratch, const std::string& name) {
  std::string file = scratch.file(name);
  checked({"espeak-ng", "-v", "en-gb", "-w", file, "Mama and papa bought a big boat."});
  return file;
}

std::string make_phone_photo(const ScratchFolder& scratch, const std::string& name) {
  std::string side = scratch.file("side-" + name), file = scratch.file(name);
  checked({"ffmpeg", "-v", "error", "-i", RESYNCER_SOURCE_DIR "/tests/data/astronaut.png", "-vf",
           "transpose=cclock", "-q:v", "2", side});
  std::ifstream stream(side, std::ios::binary);
  std::string jpeg{std::istreambuf_iterator<char>(stream), {}};
  // An APP1 segment behind the start of image: TIFF, little-endian, one entry: orientation (0x0112) = 6.
  const char exif[] =
      "\xFF\xE1\x00\x22"
      "Exif\0\0"
      "II*\0\x08\0\0\0"
      "\x01\0"
      "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
      "\0\0\0";  // the fourth zero is the literal's own
  jpeg.insert(2, std::string(exif, sizeof exif));
  std::ofstream(file, std::ios::binary) << jpeg;
  std::filesystem::remove(side);
  return file;
}

std::string make_phone_clip(const ScratchFolder& scratch, const std::string& name,
                            const std::string& upright_clip, const std::string& pixel_format) {
  std::string side = scratch.file("side-" + name), file = scratch.file(name);
  checked({"ffmpeg", "-v", "error", "-i", upright_clip, "-vf", "transpose=cclock", "-c:v", "libx264", "-crf",
           "12", "-pix_fmt", pixel_format, side});
  checked({"ffmpeg", "-v", "error", "-i", side, "-c", "copy", "-metadata:s:v:0", "rotate=270", file});
  std::filesystem::remove(side);
  return file;
}

std::vector<std::string> packet_times(const std::string& file, const std::string& stream) {
  return packets(file, stream, "pts_time");
}

std::vector<std::string> packet_hashes(const std::string& file, const std::string& stream) {
  return packets(file, stream, "data_hash");
}

std::string decode_errors(const std::string& file) {
  RunResult result =
      run({"ffmpeg", "-v", "error", "-xerror", "-i", file, "-map", "0:v", "-map", "0:a?", "-f", "null", "-"});
  return result.status == 0 ? result.err : "exit " + std::to_string(result.status) + ": " + result.err;
}

std::string probe(const std::string& file, const std::string& entries, const std::string& stream) {
  std::vector<std::string> command{"ffprobe", "-v", "error", "-show_entries", entries, "-of", "csv=p=0"};
  if (!stream.empty()) command.insert(command.end(), {"-select_streams", stream});
  command.push_back(file);
  return checked(command).out;
}

std::string raw_video(const std::string& file, const std::string& pixel_format, bool autorotate) {
  std::vector<std::string> command{"ffmpeg", "-v", "error"};
  if (!autorotate) command.emplace_back("-noautorotate");
  command.insert(command.end(), {"-i", file, "-map", "0:v:0", "-f", "rawvideo", "-fps_mode", "passthrough",
                                 "-pix_fmt", pixel_format, "-"});
  return checked(command).out;
}

}  // namespace resyncer::testing
