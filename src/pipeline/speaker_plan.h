// Several people who speak in one render.
#pragma once

#include "pipeline/plan_job.h"

namespace resyncer::pipeline {

// RenderOptions::speakers: the timeline, and for every person who has a turn a face with their mouth. Throws
// Error{usage, input, model, face}.
void plan_speakers(const PlanJob& job, RenderPlan* plan);

}  // namespace resyncer::pipeline
