#include <algorithm>
#include <cmath>
#include <optional>

#include "pipeline/frame_painter.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/measure.h"

namespace resyncer::pipeline {

namespace {

constexpr int kSide = 256;        // px of the crop that lips are measured in
constexpr int kAverage = 5;       // frames: jitter is faster than this, speech is slower
constexpr int kStillFrames = 12;  // of a still stretch, at least
constexpr float kStillOpenness = 0.015F, kStillLips = 0.5F;  // px: how far they drift in a still stretch
constexpr int kFirstLip = 48, kLips = 20;

using Lips = Eigen::Matrix<float, kLips, 2>;

// Where the source's lips are rendered, crop px; nothing in frames without a usable face.
std::optional<Lips> lips_of(const mesh::FaceModel& model, const FittedFace& face, std::size_t frame) {
  if (!face.frames[frame] || face.weight[frame] < 1) return std::nullopt;
  const mesh::FaceParams& params = *face.frames[frame];
  const FrameMeshes meshes = frame_meshes({&model, &face}, {&params, 1.F, params.expression, {}});
  return Lips(generator::transform(meshes.source, generator::crop_from_frame(meshes.neutral, kSide))
                  .block(kFirstLip, 0, kLips, 2));
}

// Means over kAverage frames; nothing where one of them is missing.
template <typename Value>
std::vector<std::optional<Value>> averaged(const std::vector<std::optional<Value>>& values) {
  std::vector<std::optional<Value>> out(values.size());
  for (std::size_t first = 0; first + kAverage <= values.size(); ++first) {
    std::optional<Value> sum = values[first];
    for (std::size_t t = first + 1; sum && t < first + kAverage; ++t) {
      if (!values[t])
        sum.reset();
      else
        *sum += *values[t];
    }
    if (sum) out[first + kAverage / 2] = Value(*sum / float(kAverage));
  }
  return out;
}

// Marks the frames of every window of kStillFrames in which the mouth, jitter apart, keeps still: the opening
// that the tracker saw before any smoothing, and the rendered lips as a whole.
std::vector<bool> still_frames(const std::vector<std::optional<float>>& seen_openness,
                               const std::vector<std::optional<Lips>>& seen_lips) {
  const auto openness = averaged(seen_openness);
  const auto lips = averaged(seen_lips);
  std::vector<bool> still(lips.size(), false);
  for (std::size_t first = 0; first + kStillFrames <= lips.size(); ++first) {
    auto near = [&](std::size_t t) {
      return openness[t] && lips[t] && std::abs(*openness[t] - *openness[first]) < kStillOpenness &&
             (*lips[t] - *lips[first]).rowwise().norm().mean() < kStillLips;
    };
    bool all = openness[first] && lips[first];
    for (std::size_t t = first; all && t < first + kStillFrames; ++t) all = near(t);
    if (all) std::fill_n(still.begin() + std::ptrdiff_t(first), kStillFrames, true);
  }
  return still;
}

}  // namespace

MeshFigures measure_mesh(const std::filesystem::path& clip, const ModelSet& models,
                         const MeasureOptions& options) {
  const mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  const Analysis analysis = analyse_cached(clip, {}, {options.cache, 0});
  const FittedFace face = fit(analysis, model);
  std::vector<std::optional<Lips>> lips;
  std::vector<std::optional<float>> openness;
  for (std::int64_t i = 0; i < analysis.frame_count(); ++i) {
    lips.push_back(lips_of(model, face, std::size_t(i)));
    const core::FaceObservation* seen = face.raw(analysis, i);
    openness.push_back(seen == nullptr ? std::nullopt
                                       : std::make_optional(core::mouth_openness(seen->landmarks)));
  }
  const std::vector<bool> still = still_frames(openness, lips);
  MeshFigures figures{clip, int(analysis.frame_count()), face.reprojection_error, 0, 0};
  for (std::size_t t = 1; t < lips.size(); ++t) {
    if (!still[t] || !still[t - 1] || !lips[t] || !lips[t - 1]) continue;
    figures.lip_jitter += double((*lips[t] - *lips[t - 1]).rowwise().norm().mean());
    ++figures.still_frames;
  }
  if (figures.still_frames > 0) figures.lip_jitter /= figures.still_frames;
  return figures;
}

}  // namespace resyncer::pipeline
