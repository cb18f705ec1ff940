// The footage matrix: how each clip is made, and what must hold of its render.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace resyncer::testing {

using Words = std::vector<std::string>;

enum class Outcome {
  untouched,  // lossless render: every sample outside the mask is the source's
  kept,       // with the encoder of the source's family: times, tags and streams are the source's
  refused     // one sentence, no file
};

struct FootageCase {
  // --- the clip
  std::string name;
  Outcome outcome;
  std::string file;    // its extension chooses the container
  Words encode;        // ffmpeg's words between the picture and the file
  std::string rate;    // of the portrait's frames
  int frames = 10;     // of the finished clip
  std::string filter;  // behind the 320x320 portrait
  Words inputs;        // further inputs of ffmpeg, before `encode`
  std::vector<Words>
      steps;  // further ffmpeg runs: words between the input and the output; the last word is the output

  // --- the render
  std::string result = "out.mkv";
  Words options;

  // --- what must hold. Facts are "key=value" of ffprobe's view of the video stream and its first frame.
  Words facts;                       // of the clip and of its render
  Words source_facts, result_facts;  // of the one alone
  bool counted_times = false;        // the clip lacks time stamps: its frames come at `rate`, from the
  int first_time = 0;                // so many frames after 0
  int timeless = 0;                  // so many first pictures have no time for ffprobe, in neither file
  bool every_packet = false;         // ffprobe leaves out pictures that we keep: its packets are the witness
  Words streams;                     // types of all of the render's streams in order; empty = not looked at
  std::vector<Words> same_packets;   // {stream of the clip, the same stream of the render}
  Words lines;                       // of `ffprobe -show_format -show_streams -show_chapters`, of both
  Words result_lines;                // of the render alone
  Words says;                        // parts of what is said on stderr
  int status = 0;                    // of a refusal
};

std::vector<FootageCase> picture_cases();    // pixel formats, colour, geometry
std::vector<FootageCase> time_cases();       // rates, starts, edit lists, fields
std::vector<FootageCase> container_cases();  // containers, codecs, streams, tags

void PrintTo(const FootageCase& c, std::ostream* out);  // for GoogleTest: its name

// The rows above are written with these.
FootageCase untouched(std::string name, std::string file, Words encode, Words facts);
FootageCase kept(std::string name, std::string file, Words encode, Words facts);  // in the same container
FootageCase refused(std::string name, std::string file, Words encode, int status, Words says);

}  // namespace resyncer::testing
