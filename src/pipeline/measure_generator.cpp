#include <algorithm>

#include "pipeline/measure_painting.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/cache.h"

namespace resyncer::pipeline {

namespace {

// Frames of the stretch whose face is fully usable.
std::vector<std::int64_t> usable_frames(const Analysis& analysis, const FittedFace& face,
                                        const Stretch& stretch) {
  std::vector<std::int64_t> usable;
  for (std::size_t i = 0; i < face.frames.size(); ++i)
    if (face.frames[i] && face.weight[i] >= 1 && contains(stretch, analysis, std::int64_t(i)))
      usable.push_back(std::int64_t(i));
  return usable;
}

// Three in a row of every frame of `first`, as far as they are usable: what flicker needs.
std::vector<std::int64_t> in_threes(const std::vector<std::int64_t>& first,
                                    const std::vector<std::int64_t>& usable) {
  std::vector<std::int64_t> frames;
  for (std::int64_t begin : first)
    for (std::int64_t frame = begin; frame < begin + 3; ++frame)
      if ((frames.empty() || frame > frames.back()) &&
          std::binary_search(usable.begin(), usable.end(), frame))
        frames.push_back(frame);
  return frames;
}

}  // namespace

GeneratorFigures measure_generator(const std::filesystem::path& clip, const ModelSet& models,
                                   const MeasureOptions& options) {
  mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  generator::RewiredGenerator network(models.get("generator").file, with_person(models, options.person));
  Analysis analysis = analyse_cached(clip, {}, {options.cache, 0});
  FittedFace face = fit(analysis, model);
  References references = take_references(&analysis, face, model);
  const std::vector<std::int64_t> usable = usable_frames(analysis, face, options.stretch);
  const auto frames = in_threes(evenly(usable, (options.frames + 2) / 3), usable);
  const PaintingFigures painted = measure_painting({clip, analysis, face, references, model},
                                                   {&network, nullptr}, frames, options.min_reference_gap);
  if (painted.frames == 0)
    throw core::Error(core::ErrorKind::face, "no frame can be measured (too short, or no clear face)",
                      clip.string());
  return {clip, painted.frames, painted.painters[0], painted.painters[1], face.reprojection_error};
}

}  // namespace resyncer::pipeline
