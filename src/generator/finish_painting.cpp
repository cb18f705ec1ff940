#include <algorithm>
#include <cmath>

#include "generator/box_blur.h"
#include "resyncer/generator/rewired_generator.h"

namespace resyncer::generator {

namespace {

constexpr float kNoise = 0.005F;   // what the network adds even to clean footage that needs nothing
constexpr float kCredit = 0.75F;   // of the likely error of the mean, which the network may correct
constexpr float kSpreadCm = 0.8F;  // over which the references' differences are averaged

// Soft threshold: continuous, so that nothing flickers.
float beyond_noise(float value) {
  return value > kNoise ? value - kNoise : value < -kNoise ? value + kNoise : 0.F;
}

// Squared distance of the slots from their mean, each channel apart.
void measure_spread(const Guidance& guidance, const Painting& painting, core::ImageF* spread) {
  spread->width = spread->height = guidance.side;
  spread->channels = 3;
  spread->data.resize(painting.residual.data.size());
  const float *pixel = guidance.planes.data.data(), *weights = painting.weights.data.data();
  float* to = spread->data.data();
  const std::size_t pixels = std::size_t(guidance.side) * std::size_t(guidance.side);
  for (std::size_t i = 0; i < pixels; ++i, pixel += kGuidancePlanes, weights += kReferences, to += 3)
    for (int c = 0; c < 3; ++c) {
      float mean = 0, squares = 0;
      for (int k = 0; k < kReferences; ++k) {
        const float value = pixel[kGuidancePlanes - 4 * kReferences + 4 * k + c];
        mean += weights[k] * value;
        squares += weights[k] * value * value;
      }
      to[c] = std::max(0.F, squares - mean * mean);
    }
}

// What the network would correct by more than the pictures are likely to be wrong is its own mistake: on
// clean footage that it never saw, most of what it adds.
void limit_residual(const Guidance& guidance, std::vector<float>* line, Painting* painting) {
  if (!(guidance.doubt < kNoLimit)) return;
  measure_spread(guidance, *painting, &painting->spread);
  box_blur(int(std::lround(kSpreadCm / kCropWidthCm * float(guidance.side))), &painting->spread, line);
  const float share = kCredit * guidance.doubt;
  for (std::size_t i = 0; i < painting->residual.data.size(); ++i) {
    const float limit = share * std::sqrt(painting->spread.data[i]);
    painting->residual.data[i] = std::clamp(painting->residual.data[i], -limit, limit);
  }
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

void finish_painting(const Guidance& guidance, bool adapted, Painting* painting) {
  std::vector<float> line;
  box_blur(int(std::lround(kResidualCm / kCropWidthCm * float(guidance.side))), &painting->residual, &line);
  if (!adapted) {
    for (float& value : painting->residual.data) value = beyond_noise(value);
    limit_residual(guidance, &line, painting);
  }
  add_light(guidance, painting);
}

}  // namespace resyncer::generator
