#include "pipeline/face_plan.h"

#include <algorithm>

#include "pipeline/mouth_plan.h"

namespace resyncer::pipeline {

namespace {

// What is told of an output frame by the source's alone; null params where the face keeps its own pixels.
FrameTask task_of(const FittedFace& face, std::int64_t source, float weight) {
  FrameTask task;
  const auto& params = face.frames[std::size_t(source)];
  task.weight = std::min(face.weight[std::size_t(source)], weight);
  if (!params || task.weight <= 0) return task;
  task.params = &*params;
  task.expression = params->expression;
  return task;
}

std::vector<bool> above_zero(const std::vector<float>& weights) {
  std::vector<bool> above;
  for (const float weight : weights) above.push_back(weight > 0);
  return above;
}

}  // namespace

void plan_frames(const mesh::FaceModel& model, const Timeline& timeline, const motion::Coefficients& mouths,
                 const std::vector<float>& weights, FacePlan* plan) {
  const Eigen::VectorXf mouth_weights = generator::mouth_weights(model);
  std::vector<int> previous;
  plan->asked = above_zero(weights);
  plan->tasks.resize(timeline.shown.size());
  for (std::size_t i = 0; i < plan->tasks.size(); ++i) {
    FrameTask& task = plan->tasks[i];
    task = task_of(plan->face, timeline.shown[i].source, weights[i]);
    if (task.params == nullptr) continue;
    task.expression = with_mouth(task.expression, mouths.row(Eigen::Index(i)).transpose());
    previous = generator::choose_lenders(plan->references.entries, task.expression, mouth_weights,
                                         mesh::head_angles(task.params->camera_from_head), previous);
    task.references = previous;
  }
}

void keep_motion(const Timeline& timeline, const std::vector<float>& weights, FacePlan* plan) {
  plan->asked = above_zero(weights);
  plan->tasks.resize(timeline.shown.size());
  for (std::size_t i = 0; i < plan->tasks.size(); ++i)
    plan->tasks[i] = task_of(plan->face, timeline.shown[i].source, weights[i]);
}

void mix_with_footage(const Timeline& timeline, const FittedFace& face, const std::vector<float>& weights,
                      motion::Coefficients* mouths) {
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto& params = face.frames[std::size_t(timeline.shown[i].source)];
    if (!params || weights[i] >= 1) continue;
    auto mouth = mouths->row(Eigen::Index(i));
    mouth = weights[i] * mouth + (1 - weights[i]) * params->expression.head(mouth.size()).transpose();
  }
}

}  // namespace resyncer::pipeline
