// References of renders, small enough for a repository, and whether a new version still gives the same
// (docs/commands/golden.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/core/geometry.h"
#include "resyncer/pipeline/render.h"
#include "resyncer/pipeline/report.h"

namespace resyncer::pipeline {

struct GoldenCase {
  std::string name;       // of its folder: letters, digits, '-', '_', '.'
  std::string described;  // its options as text, to tell whether they are still the recorded ones
  RenderOptions options;  // with speech; outputs are chosen here
};

struct GoldenFrame {
  std::string whole, outside;  // of the decoded samples: all of them; those the mask leaves untouched
  std::string mouth;           // of the mesh's coefficients of speech, rounded to 0.0001

  bool operator==(const GoldenFrame& other) const {
    return whole == other.whole && outside == other.outside && mouth == other.mouth;
  }
};

// The mouth of a frame, so that there is something to look at.
struct GoldenPicture {
  std::int64_t frame = 0;
  double seconds = 0;
  core::Box view;                  // a square, upright px
  std::vector<std::uint8_t> jpeg;  // of it
};

struct GoldenRecord {
  // What the bits depend on beside this program: kind of CPU, libraries, compiler.
  std::map<std::string, std::string> machine;
  std::map<std::string, std::string> inputs;  // "video", "speech": SHA-256
  std::map<std::string, std::string> models;  // SHA-256 by id
  std::string options;                        // GoldenCase::described
  std::string version, format;                // of resyncer; "320x240 yuv420p"
  Figures figures;                            // result_metrics
  std::vector<GoldenFrame> frames;
  std::map<std::int64_t, std::vector<double>> mouths;  // first coefficients of some frames
  std::vector<GoldenPicture> pictures;
};

// Renders the case in a temporary folder, deterministically, without the cache and without loss, and measures
// the result. `like`: pictures are taken where it has its own. Throws as render and measure_result do.
GoldenRecord make_golden(const GoldenCase& work, const ModelSet& models, const GoldenRecord* like,
                         const ProgressSink& progress);

// golden.json and frame-N.jpg in `folder`, which is made. Throws Error{output}.
void save_golden(const GoldenRecord& record, const std::filesystem::path& folder);
// Throws Error{input} for a folder that holds no record, or a damaged one.
GoldenRecord load_golden(const std::filesystem::path& folder);

enum class GoldenRigour {
  by_machine,  // exact where machine says the same on both sides, else within limits
  exact,       // every hash
  within_limits
};

// Of two machines: figures and pictures may differ by so much.
constexpr double kGoldenFigureShare = 0.05;  // of the figure itself
constexpr double kGoldenFigureLeast = 0.05;  // in its own unit
constexpr double kGoldenPicturePsnr = 30.0;  // dB, of every picture
constexpr double kGoldenCoefficient = 0.05;  // of a mouth, standard deviations

struct GoldenDifference {
  bool exact = false;                // what was asked for
  std::vector<std::string> faults;   // sentences; empty = passed
  std::vector<std::string> remarks;  // what differs and may
  std::vector<std::int64_t> frames;  // whose samples differ
};

GoldenDifference compare_golden(const GoldenRecord& before, const GoldenRecord& after, GoldenRigour rigour);

struct GoldenResult {
  std::string name;
  GoldenRecord before, after;
  GoldenDifference difference;
};

// "3-7, 12"
std::string frame_list(const std::vector<std::int64_t>& frames);
std::string golden_text(const std::vector<GoldenResult>& results);
// One page: before, after and their difference side by side.
std::string golden_html(const std::vector<GoldenResult>& results);

}  // namespace resyncer::pipeline
