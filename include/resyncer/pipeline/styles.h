// Speaking styles of clips, of files and of the gallery that comes with the weights (docs/styles.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/motion/speaking_style.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/models.h"
#include "resyncer/pipeline/progress.h"

namespace resyncer::pipeline {

constexpr const char* kStyleSuffix = ".style";
constexpr const char* kNeutralStyle = "neutral";  // the mean style of the motion model

// Which manner of speaking a render has.
struct StyleChoice {
  // Each a .style file, a clip of somebody speaking, or a name of the gallery. Empty: the speaker's own.
  std::vector<std::string> names;
  std::vector<float> weights;  // one a name; empty = all alike
  float strength = 1;
};

// The style of the largest face in each clip. Throws Error{input, face, model}.
motion::SpeakingStyle style_of_clips(const std::vector<std::filesystem::path>& clips, const ModelSet& models,
                                     const AnalysisOptions& analysis, const CacheOptions& cache,
                                     const ProgressSink& progress = {});

// nullopt: the speaker's own. Throws Error{usage} for a name that is nothing of these.
std::optional<motion::SpeakingStyle> choose_style(const StyleChoice& choice, const ModelSet& models,
                                                  const AnalysisOptions& analysis, const CacheOptions& cache,
                                                  const ProgressSink& progress);

struct NamedStyle {
  std::string name;
  motion::SpeakingStyle style;
};
// By name; the neutral style is not among them. Throws Error{model} when one is damaged.
std::vector<NamedStyle> style_gallery(const ModelSet& models);

}  // namespace resyncer::pipeline
