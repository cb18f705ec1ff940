#include <cmath>

#include "generator/box_blur.h"
#include "resyncer/generator/rewired_generator.h"

namespace resyncer::generator {

namespace {

constexpr float kNoise = 0.008F;  // what the network adds even to clean footage that needs nothing

// Soft threshold: continuous, so that nothing flickers.
float beyond_noise(float value) {
  return value > kNoise ? value - kNoise : value < -kNoise ? value + kNoise : 0.F;
}

void add_light(const Guidance& guidance, Painting* painting) {
  if (guidance.light.data.empty()) return;
  const float *light = guidance.light.data.data(), *weights = painting->weights.data.data();
  float* residual = painting->residual.data.data();
  const std::size_t pixels = std::size_t(guidance.side) * std::size_t(guidance.side);
  for (std::size_t i = 0; i < pixels; ++i, light += 3 * kReferences, weights += kReferences, residual += 3)
    for (int k = 0; k < kReferences; ++k)
      for (int c = 0; c < 3; ++c) residual[c] += weights[k] * light[3 * k + c];
}

}  // namespace

void finish_painting(const Guidance& guidance, Painting* painting) {
  std::vector<float> line;
  box_blur(int(std::lround(kDetailCm / kCropWidthCm * float(guidance.side))), &painting->residual, &line);
  for (float& value : painting->residual.data) value = beyond_noise(value);
  add_light(guidance, painting);
}

}  // namespace resyncer::generator
