// What the mouths do: the result's against silence and against the real speaker's.
#pragma once

#include "pipeline/result_footage.h"

namespace resyncer::pipeline {

// Series by name in the report: "lip_opening", and with real footage "real_lip_opening", "lip_distance".
void measure_mouths(const ResultFootage& footage, Report* report);

}  // namespace resyncer::pipeline
