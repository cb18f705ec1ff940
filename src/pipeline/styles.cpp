#include "resyncer/pipeline/styles.h"

#include <algorithm>

#include "pipeline/mouth_plan.h"
#include "resyncer/core/error.h"

namespace resyncer::pipeline {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

fs::path gallery_folder(const ModelSet& models) { return models.folder / "styles"; }

motion::SpeakingStyle style_named(const std::string& name, const ModelSet& models,
                                  const AnalysisOptions& analysis, const CacheOptions& cache,
                                  const ProgressSink& progress) {
  const std::string& base = models.get("motion").sha256;
  std::error_code ignored;
  if (fs::is_regular_file(name, ignored))
    return fs::path(name).extension() == kStyleSuffix
               ? motion::read_style(name, base)
               : style_of_clips({name}, models, analysis, cache, progress);
  if (name == kNeutralStyle) return {};
  const bool plain = fs::path(name).filename() == name;
  const fs::path file = gallery_folder(models) / (name + kStyleSuffix);
  if (plain && fs::is_regular_file(file, ignored)) return motion::read_style(file, base);
  throw Error(ErrorKind::usage, "is neither a file nor a style of the gallery", name,
              "see resyncer style list, or name a .style file or a clip");
}

}  // namespace

motion::SpeakingStyle style_of_clips(const std::vector<fs::path>& clips, const ModelSet& models,
                                     const AnalysisOptions& how, const CacheOptions& cache,
                                     const ProgressSink& progress) {
  const mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  const fs::path& weights = models.get("motion").file;
  std::vector<motion::StyleFootage> footage;
  for (const fs::path& clip : clips) {
    const Analysis analysis = analyse_cached(clip, how, cache, progress);
    footage.push_back(style_footage(model, analysis, fit(analysis, model), weights, clip));
  }
  return motion::StyleSyncFormer(weights).style_of(footage);
}

std::optional<motion::SpeakingStyle> choose_style(const StyleChoice& choice, const ModelSet& models,
                                                  const AnalysisOptions& analysis, const CacheOptions& cache,
                                                  const ProgressSink& progress) {
  if (choice.names.empty()) return std::nullopt;
  std::vector<motion::SpeakingStyle> styles;
  for (const std::string& name : choice.names)
    styles.push_back(style_named(name, models, analysis, cache, progress));
  if (styles.size() == 1) return styles.front();
  return motion::mix(styles,
                     choice.weights.empty() ? std::vector<float>(styles.size(), 1.F) : choice.weights);
}

std::vector<NamedStyle> style_gallery(const ModelSet& models) {
  std::vector<NamedStyle> gallery;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(gallery_folder(models), none))
    if (entry.path().extension() == kStyleSuffix)
      gallery.push_back(
          {entry.path().stem().string(), motion::read_style(entry.path(), models.get("motion").sha256)});
  std::sort(gallery.begin(), gallery.end(), [](auto& a, auto& b) { return a.name < b.name; });
  return gallery;
}

}  // namespace resyncer::pipeline
