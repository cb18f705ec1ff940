#include <algorithm>
#include <array>
#include <cmath>

#include "compose/code_space.h"
#include "compose/picture.h"
#include "compose/rows.h"

namespace resyncer::compose {

namespace {
constexpr float kInsideFeather = 0.5F;

// Whether a pixel's 4-neighbourhood has alpha 0; beyond the roi alpha is 0, beyond the frame nothing is
// known.
bool beside_zero(const core::Patch& patch, const core::Box& frame, int x, int y) {
  auto is_zero = [&](int u, int v) {
    if (u >= 0 && v >= 0 && u < patch.alpha.width && v < patch.alpha.height)
      return !(patch.alpha.at(u, v) > 0);
    u += patch.roi.left, v += patch.roi.top;
    return u >= frame.left && v >= frame.top && u < frame.right && v < frame.bottom;
  };
  return is_zero(x - 1, y) || is_zero(x + 1, y) || is_zero(x, y - 1) || is_zero(x, y + 1);
}

bool is_rim(const core::Patch& patch, const core::Box& frame, int x, int y) {
  const float a = patch.alpha.at(x, y);
  return a > 0 && (a < kInsideFeather || beside_zero(patch, frame, x, y));
}

// 1 at the rim pixels of row y, else 0, for columns [left, right).
void mark_rim(const core::Patch& patch, const core::Box& frame, int y, int left, int right, float* rim) {
  const bool inner_row = y > 0 && y + 1 < patch.alpha.height;
  const int first = inner_row ? std::max(left, 1) : right, last = std::min(right, patch.alpha.width - 1);
  for (int x = left; x < std::min(first, right); ++x) rim[x] = is_rim(patch, frame, x, y) ? 1.F : 0.F;
  if (!inner_row) return;
  const float *a = patch.alpha.row(y), *above = patch.alpha.row(y - 1), *below = patch.alpha.row(y + 1);
  for (int x = first; x < last; ++x) {  // is_rim without its borders, vectorised
    const float least = std::min(std::min(a[x - 1], a[x + 1]), std::min(above[x], below[x]));
    rim[x] = float(int(a[x] > 0) & (int(a[x] < kInsideFeather) | int(!(least > 0))));
  }
  for (int x = std::max(last, first); x < right; ++x) rim[x] = is_rim(patch, frame, x, y) ? 1.F : 0.F;
}

// The pixels of the rim into the field.
void gather_rim(const Picture& picture, const core::Patch& patch, float limit, std::vector<float>* rows,
                core::LightField* field) {
  const core::Box frame = picture.box(), visible = core::intersect(patch.roi, frame);
  if (visible.empty()) return;
  const CodeSpace space = code_space(picture.layout);
  const std::size_t n = std::size_t(visible.width());
  rows->resize(load_rgb_scratch(visible.width()) + 3 * n + std::size_t(patch.alpha.width));
  float *rgb = rows->data(), *rim = rgb + 3 * n, *scratch = rim + patch.alpha.width;
  const int left = visible.left - patch.roi.left, right = visible.right - patch.roi.left;
  for (int y = visible.top - patch.roi.top; y < visible.bottom - patch.roi.top; ++y) {
    mark_rim(patch, frame, y, left, right, rim);
    int first = left, last = right;
    while (first < last && rim[first] == 0) ++first;
    while (first < last && rim[last - 1] == 0) --last;
    if (first == last) continue;
    load_rgb(picture, space, patch.roi.left + first, patch.roi.top + y, last - first, scratch, rgb);
    for (int x = first; x < last; ++x) {
      if (rim[x] == 0) continue;
      const float* painted = &patch.rgb.at(x, y);
      const std::array<float, 3> clamped = {clamp01(painted[0]), clamp01(painted[1]), clamp01(painted[2])};
      field->gather(x, y, rgb + 3 * std::ptrdiff_t{x - first}, clamped.data(), limit);
    }
  }
}
}  // namespace

void match_colour(const Picture& picture, const MatchOptions& options, core::Patch* patch,
                  Workspace* workspace) {
  check(*patch);
  if (patch->roi.empty() || options.strength <= 0 || options.limit <= 0) return;
  core::LightField& field = workspace->light;
  field.reset(patch->roi.width(), patch->roi.height());
  gather_rim(picture, *patch, options.limit, &workspace->rows, &field);
  if (!field.spread(options.limit)) return;
  for (int y = 0; y < patch->rgb.height; ++y) field.correct_row(y, options.strength, patch->rgb.row(y));
}

}  // namespace resyncer::compose
