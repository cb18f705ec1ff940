// What a result says of how it was made: tags and XMP inside it, a JSON file beside it (docs/provenance.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "resyncer/media/video_writer.h"
#include "resyncer/pipeline/render.h"

namespace resyncer::pipeline {

// IPTC's term for a recording of which a part was made by a trained model.
constexpr char kDigitalSourceType[] =
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";

// "dubbed.mp4" -> "dubbed.mp4.provenance.json", in the same folder.
std::filesystem::path provenance_file(const std::filesystem::path& result);

// Tags and XMP that say what was altered.
media::Statement provenance_statement(const RenderOptions& options);

// Of frames that are on the screen from starts[i] to starts[i + 1] (s, ascending; one value more than
// frames).
std::vector<TimeRange> altered_ranges(const std::vector<bool>& altered, const std::vector<double>& starts);

// A file that went into a render.
struct Ingredient {
  std::filesystem::path file;
  std::string sha256;  // empty = not used
};
struct Ingredients {
  Ingredient video, speech, speech_stem, person, driver, motion, landmarks;
  std::vector<Ingredient> styles;    // of those that are files
  std::vector<Ingredient> speakers;  // one a turn; a narrator may have none
  std::vector<Ingredient> identity;  // pictures and videos of whose face was put in
};
// `person`: the adaptation that is painted with, given or made; empty = none. Reads every file to its end.
// Throws Error{input}.
Ingredients hash_ingredients(const RenderOptions& options, const std::filesystem::path& person);

// Throws Error{usage} for a note that is not UTF-8.
void check_consent_note(const std::string& note);

// The JSON file's text. `result_hash`: of the finished result. `time`: ISO 8601; empty = left out.
std::string provenance_json(const RenderOptions& options, const ModelSet& models, const RenderReport& report,
                            const Ingredients& ingredients, const std::string& result_hash,
                            const std::string& time);

// Writes it beside the finished result, whose hash it takes; nothing where the result went into a stream. The
// time is left out of deterministic renders. Throws Error{output}.
void write_provenance(const RenderOptions& options, const ModelSet& models, const RenderReport& report,
                      const Ingredients& ingredients);

}  // namespace resyncer::pipeline
