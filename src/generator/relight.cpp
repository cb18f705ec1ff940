#include <algorithm>
#include <cmath>

#include "generator/box_blur.h"
#include "generator/face_contrast.h"
#include "generator/skin_light.h"
#include "generator/skin_visibility.h"
#include "resyncer/generator/whole_face.h"
#include "resyncer/mesh/camera.h"

namespace resyncer::generator {

namespace {

constexpr float kLargest = 1.4F;  // of a logarithm: a gain of four
constexpr float kLocal = 0.1F;    // of a channel in [0, 1]: what differs by more is another thing, not light
constexpr float kFineCm = 0.15F;  // half the width of what counts as fine
constexpr float kClear = 0.98F;   // share of the skin that is seen

// Between vertices linear; the mean where there is no mesh.
class Interpolation {
 public:
  Interpolation(const mesh::FaceModel& model, const mesh::Raster& raster, const mesh::Vertices& values)
      : model_(model), raster_(raster), values_(values), usual_(values.colwise().mean()) {}

  Eigen::Array3f at(int x, int y) const {
    const std::int32_t owner = raster_.triangle.at(x, y);
    if (owner < 0) return usual_.transpose();
    const mesh::Triangle& t = model_.triangles[std::size_t(owner)];
    const float w1 = raster_.barycentric.at(x, y, 0), w2 = raster_.barycentric.at(x, y, 1);
    return ((1 - w1 - w2) * values_.row(t[0]) + w1 * values_.row(t[1]) + w2 * values_.row(t[2])).transpose();
  }

 private:
  const mesh::FaceModel& model_;
  const mesh::Raster& raster_;
  const mesh::Vertices& values_;
  Eigen::RowVector3f usual_;
};

struct Gains {
  float light, colour, fine;
};

Gains gains(const FaceContrast& own, const FaceContrast& theirs) {
  auto ratio = [](float a, float b, float low, float high) {
    return b > 0 ? std::clamp(a / b, low, high) : 1;
  };
  return {ratio(own.light, theirs.light, 0.6F, 1.2F), ratio(own.colour, theirs.colour, 0.4F, 1.2F),
          ratio(own.fine, theirs.fine, 0.3F, 1)};
}

// Colour transfer by means and deviations (Reinhard et al. 2001), where the mean is the lit skin of the very
// place: from `theirs` to `mine`, logarithms.
void transfer(const Interpolation& theirs, const Interpolation& mine, const Gains& gain, int reach,
              std::vector<float>* line, core::Patch* patch) {
  const int width = patch->rgb.width, height = patch->rgb.height;
  core::ImageF coarse(width, height, 3), fine(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      if (patch->alpha.at(x, y) <= 0) continue;
      const Eigen::Array3f colour = Eigen::Map<const Eigen::Array3f>(patch->rgb.row(y) + 3 * x);
      Eigen::Map<Eigen::Array3f>(coarse.row(y) + 3 * x) = (colour + kDark).log() - theirs.at(x, y);
    }
  fine.data = coarse.data;
  box_blur(reach, &coarse, line);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      if (patch->alpha.at(x, y) <= 0) continue;
      const Eigen::Array3f mean = Eigen::Map<const Eigen::Array3f>(coarse.row(y) + 3 * x),
                           detail = Eigen::Map<const Eigen::Array3f>(fine.row(y) + 3 * x) - mean;
      const Eigen::Array3f difference = mean + gain.fine * detail;
      const float brightness = difference.mean();
      const Eigen::Array3f result =
          (mine.at(x, y) + gain.light * brightness + gain.colour * (difference - brightness)).exp() - kDark;
      Eigen::Map<Eigen::Array3f>(patch->rgb.row(y) + 3 * x) = result.max(0.F).min(1.F);
    }
}

// What the harmonics leave, cast shadows and blushes: the smooth difference of both pictures, on the skin and
// along the mask's rim, where nothing hides it.
void match_skin(const mesh::FaceModel& model, const OwnFace& own, const core::ImageF& seen,
                const mesh::Raster& raster, core::LightField* field, core::Patch* patch) {
  const Eigen::VectorXf skin = skin_share(model);
  field->reset(patch->rgb.width, patch->rgb.height);
  for (int y = 0; y < patch->rgb.height; ++y) {
    const float *alpha = patch->alpha.row(y), *visible = seen.row(y);
    const std::int32_t* owner = raster.triangle.row(y);
    for (int x = 0; x < patch->rgb.width; ++x) {
      if (owner[x] < 0 || alpha[x] <= 0 || visible[x] < kClear) continue;
      const mesh::Triangle& t = model.triangles[std::size_t(owner[x])];
      if (alpha[x] > 0.5F && std::min({skin[t[0]], skin[t[1]], skin[t[2]]}) < 0.5F) continue;
      field->gather(x, y, own.rgb->row(y) + 3 * x, patch->rgb.row(y) + 3 * x, kLocal);
    }
  }
  if (!field->spread(kLocal)) return;
  for (int y = 0; y < patch->rgb.height; ++y) field->correct_row(y, 1, patch->rgb.row(y));
}

mesh::Vertices in_patch(const core::Patch& patch, mesh::Vertices dense) {
  dense.col(0).array() -= float(patch.roi.left);
  dense.col(1).array() -= float(patch.roi.top);
  return dense;
}

}  // namespace

SkinSeen relight(const mesh::FaceModel& model, const OwnFace& own, const mesh::Vertices& painted,
                 GuidanceScratch* scratch, core::Patch* patch) {
  const mesh::Vertices theirs = in_patch(*patch, painted), mine = in_patch(*patch, *own.dense);
  const mesh::Vertices their_normals = normals(model, theirs), my_normals = normals(model, mine);
  const auto their_light = fit_skin_light(model, theirs, their_normals, patch->rgb, patch->alpha),
             my_light = fit_skin_light(model, mine, my_normals, *own.rgb, patch->alpha);
  SkinSeen seen{core::ImageF(patch->rgb.width, patch->rgb.height, 1, 1.F),
                core::ImageF(patch->rgb.width, patch->rgb.height, 1, 1.F)};
  if (!their_light || !my_light) return seen;
  const mesh::Vertices my_skin = skin_colours(*my_light, my_normals),
                       their_skin = skin_colours(*their_light, their_normals);
  const float px_per_cm = mesh::px_per_cm(mine);
  mesh::Raster my_raster;
  mesh::rasterize(model, mine, patch->rgb.width, patch->rgb.height, &my_raster);
  hide_hair(model, {*own.rgb, my_raster, my_skin, px_per_cm}, &seen.own);
  hide_hair(model, {patch->rgb, scratch->raster, their_skin, px_per_cm, &patch->alpha}, &seen.painted);
  core::ImageF both = seen.own;
  for (std::size_t i = 0; i < both.data.size(); ++i)
    both.data[i] = patch->alpha.data[i] > 0 ? both.data[i] * seen.painted.data[i] : 0.F;
  const mesh::Vertices mine_on_theirs =
      their_skin +
      (skin_colours(*my_light, their_normals) - their_skin).cwiseMax(-kLargest).cwiseMin(kLargest);
  const Gains gain = gains(measure_contrast(model, mine, my_normals, my_skin, *own.rgb, both),
                           measure_contrast(model, theirs, their_normals, their_skin, patch->rgb, both));
  transfer({model, scratch->raster, their_skin}, {model, scratch->raster, mine_on_theirs}, gain,
           std::max(1, int(std::lround(kFineCm * px_per_cm))), &scratch->colours, patch);
  match_skin(model, own, both, scratch->raster, &scratch->light, patch);
  return seen;
}

}  // namespace resyncer::generator
