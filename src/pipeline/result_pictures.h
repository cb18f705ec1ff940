// The second pass over the videos of a measurement: pictures against pictures.
#pragma once

#include "pipeline/result_footage.h"

namespace resyncer::pipeline {

// After measure_mouths. Adds figures, the series "psnr", "seam_ratio", "sharpness_ratio", "flicker" and
// "reference_flicker" (root mean square, of 255) as far as there is footage for them, and the films if
// `options.film`.
void measure_pictures(const ResultFootage& footage, const ResultFiles& files, const ResultOptions& options,
                      const ProgressSink& progress, Report* report);

}  // namespace resyncer::pipeline
