// The end of the generator: the pyramid of outputs, and its turning into weights and a residual.
#pragma once

#include <cstdint>

namespace resyncer::generator {

// Outputs have kReferences + 3 channels; one more is carried so that a pixel fills a vector register.
constexpr int kOutputLanes = 8;

// One row of a picture of `width` px: sum = doubled(below) + rgb. `near` and `far` are the rows of the
// picture of half the size that lie around it, bilinear with weights 3/4 and 1/4 (align_corners = false).
void add_doubled_row(const float* near, const float* far, const float* rgb, float* sum, std::int64_t width);
void add_doubled_row(const float* near, const float* far, const std::uint16_t* rgb, float* sum,
                     std::int64_t width);

// One row of outputs (pixels of kOutputLanes) and guidance (pixels of `planes`): softmax of logits weighted
// by validity, tanh of the residual.
void finish_row(const float* outputs, const float* guidance, std::int64_t width, std::int64_t planes,
                float* weights, float* residual);

}  // namespace resyncer::generator
