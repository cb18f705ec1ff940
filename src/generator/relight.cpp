#include <algorithm>
#include <cmath>

#include "generator/skin_light.h"
#include "generator/skin_visibility.h"
#include "resyncer/generator/whole_face.h"

namespace resyncer::generator {

namespace {

constexpr float kLargest = 1.4F;  // of a logarithm: a gain of four
constexpr float kLocal = 0.1F;    // of a channel in [0, 1]: what differs by more is another thing, not light
constexpr float kClear = 0.98F;   // share of the skin that is seen
constexpr float kJawCm = 13.1F;   // landmark 3 to 13

// `gain`: of every vertex; between them linear, and the mean where there is no mesh.
void apply(const mesh::FaceModel& model, const mesh::Vertices& gain, const mesh::Raster& raster,
           core::Patch* patch) {
  const Eigen::RowVector3f usual = gain.colwise().mean();
  for (int y = 0; y < patch->rgb.height; ++y) {
    float* rgb = patch->rgb.row(y);
    const float* alpha = patch->alpha.row(y);
    const std::int32_t* owner = raster.triangle.row(y);
    const float* weights = raster.barycentric.row(y);
    for (int x = 0; x < patch->rgb.width; ++x, rgb += 3) {
      if (alpha[x] <= 0) continue;
      Eigen::RowVector3f g = usual;
      if (owner[x] >= 0) {
        const mesh::Triangle& t = model.triangles[std::size_t(owner[x])];
        const float w1 = weights[2 * x], w2 = weights[2 * x + 1];
        g = (1 - w1 - w2) * gain.row(t[0]) + w1 * gain.row(t[1]) + w2 * gain.row(t[2]);
      }
      for (int c = 0; c < 3; ++c) rgb[c] = std::clamp((rgb[c] + kDark) * g[c] - kDark, 0.F, 1.F);
    }
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

void relight(const mesh::FaceModel& model, const OwnFace& own, const mesh::Vertices& painted,
             GuidanceScratch* scratch, core::Patch* patch) {
  const mesh::Vertices theirs = in_patch(*patch, painted), mine = in_patch(*patch, *own.dense);
  const mesh::Vertices their_normals = normals(model, theirs), my_normals = normals(model, mine);
  const auto their_light = fit_skin_light(model, theirs, their_normals, patch->rgb, patch->alpha),
             my_light = fit_skin_light(model, mine, my_normals, *own.rgb, patch->alpha);
  if (!their_light || !my_light) return;
  const float px_per_cm = (mine.row(13) - mine.row(3)).norm() / kJawCm;
  mesh::Raster my_raster;
  mesh::rasterize(model, mine, patch->rgb.width, patch->rgb.height, &my_raster);
  core::ImageF seen(patch->rgb.width, patch->rgb.height, 1, 1.F);
  hide_hair(model, {*own.rgb, my_raster, skin_colours(*my_light, my_normals), px_per_cm}, &seen);
  hide_hair(model, {patch->rgb, scratch->raster, skin_colours(*their_light, their_normals), px_per_cm},
            &seen);
  const mesh::Vertices ratio = skin_colours(*my_light - *their_light, their_normals);
  apply(model, ratio.array().max(-kLargest).min(kLargest).exp().matrix(), scratch->raster, patch);
  match_skin(model, own, seen, scratch->raster, &scratch->light, patch);
  for (std::size_t i = 0; i < seen.data.size(); ++i) patch->alpha.data[i] *= seen.data[i];
}

}  // namespace resyncer::generator
