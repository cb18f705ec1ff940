#include "generator/reference_light.h"

namespace resyncer::generator {

namespace {

constexpr float kLimit = 0.05F;  // of a channel in [0, 1]: what differs by more is another object, not light
constexpr float kOnTheFace = 0.5F;  // validity from which a reference's pixel is compared
constexpr int kFirst = kGuidancePlanes - 4 * kReferences;

void gather(const core::Box& box, int slot, const Guidance& guidance, core::LightField* field) {
  for (int y = box.top; y < box.bottom; ++y) {
    const float* row = guidance.planes.row(y);
    for (int x = box.left; x < box.right; ++x) {
      const float *pixel = row + x * kGuidancePlanes, *reference = pixel + kFirst + 4 * slot;
      if (pixel[3] > 0 || reference[3] < kOnTheFace) continue;
      field->gather(x - box.left, y - box.top, pixel, reference, kLimit);
    }
  }
}

void correct(const core::Box& box, int slot, core::LightField* field, std::vector<float>* scratch,
             Guidance* guidance) {
  scratch->resize(3 * std::size_t(box.width()));
  for (int y = box.top; y < box.bottom; ++y) {
    float* reference = guidance->planes.row(y) + box.left * kGuidancePlanes + kFirst + 4 * slot;
    float* light = guidance->light.row(y) + box.left * guidance->light.channels + 3 * slot;
    float* rgb = scratch->data();
    for (int x = 0; x < box.width(); ++x)
      for (int c = 0; c < 3; ++c) rgb[3 * x + c] = reference[x * kGuidancePlanes + c];
    field->correct_row(y - box.top, 1, rgb);
    for (int x = 0; x < box.width(); ++x, reference += kGuidancePlanes, light += guidance->light.channels)
      for (int c = 0; c < 3; ++c) {
        light[c] = rgb[3 * x + c] - reference[c];
        reference[c] = rgb[3 * x + c];
      }
  }
}

}  // namespace

void match_light(const core::Box& box, GuidanceScratch* scratch, Guidance* guidance) {
  guidance->light.width = guidance->light.height = guidance->side;
  guidance->light.channels = 3 * kReferences;
  guidance->light.data.assign(
      std::size_t(guidance->side) * std::size_t(guidance->side) * std::size_t(3 * kReferences), 0.F);
  if (box.empty()) return;
  for (int slot = 0; slot < kReferences; ++slot) {
    scratch->light.reset(box.width(), box.height());
    gather(box, slot, *guidance, &scratch->light);
    if (scratch->light.spread(kLimit)) correct(box, slot, &scratch->light, &scratch->colours, guidance);
  }
}

}  // namespace resyncer::generator
