#include "resyncer/pipeline/measure_result.h"

#include "pipeline/result_mouths.h"
#include "pipeline/result_pictures.h"
#include "pipeline/speech_mel.h"

namespace resyncer::pipeline {

namespace {

// Of two neutral faces: mean distance of the landmarks in outer-eye distances of the second, both as fitted.
double shape_distance(const mesh::FaceModel& model, const FittedFace& a, const FittedFace& b) {
  const Eigen::VectorXf rest = Eigen::VectorXf::Zero(model.expression_count());
  const mesh::Vertices mine = mesh::control_vertices(model, a.identity, rest).topRows(core::kLandmarks);
  const mesh::Vertices other = mesh::control_vertices(model, b.identity, rest).topRows(core::kLandmarks);
  const float eyes = (other.row(36) - other.row(45)).norm();
  return double((mine - other).rowwise().norm().mean() / eyes);
}

}  // namespace

Report measure_result(const ResultFiles& files, const ModelSet& models, const ResultOptions& options,
                      const ProgressSink& progress) {
  check_speech(files.speech);
  const ResultFootage footage = gather_footage(files, models, options, progress);
  Report report;
  for (const auto& [name, path] :
       {std::pair("result", files.result), std::pair("speech", files.speech),
        std::pair("source", files.source), std::pair("real", files.real), std::pair("mask", files.mask)})
    if (!path.empty()) report.inputs.emplace_back(name, path.string());
  const Analysis& analysis = footage.result.analysis;
  for (std::int64_t i = 0; i < analysis.frame_count(); ++i)
    report.seconds.push_back(analysis.seconds(i) - analysis.seconds(0));
  report.silent = footage.silent;
  if (footage.real && !footage.real_shows_same_frames)
    report.notes.emplace_back(
        "The real footage has other frames than the result, so their lips are compared and not their "
        "pictures.");
  measure_mouths(footage, &report);
  if (&footage.base() != &footage.result)
    report.figures["identity_shape_distance"] =
        shape_distance(footage.model, footage.result.face, footage.base().face);
  measure_pictures(footage, files, options, progress, &report);
  return report;
}

}  // namespace resyncer::pipeline
