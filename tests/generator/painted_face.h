// Faces in pictures, and what one of them paints in another.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "generator/posed_face.h"
#include "resyncer/generator/patch.h"
#include "resyncer/generator/whole_face.h"

namespace resyncer::generator {

using core::Point2;

constexpr float kPxPerCm = 15;
constexpr int kWidth = 320, kHeight = 340;

using Colour = Eigen::Array3f;
constexpr int kLock = 103, kOtherSide = 104;  // cheekbones
inline const Colour kSkin(0.62F, 0.46F, 0.38F), kHair(0.05F, 0.04F, 0.035F);

// A skin-coloured picture with lips and eyes of the face, and light from the viewer.
inline core::ImageU8 portrait(const mesh::Vertices& dense) {
  mesh::Raster raster;
  mesh::rasterize(face_model(), dense, kWidth, kHeight, &raster);
  Eigen::Matrix<float, Eigen::Dynamic, 2, Eigen::RowMajor> lit(dense.rows(), 2);
  lit.col(0) = lit.col(1) = facing(face_model(), {core::ImageU8(), dense});
  core::ImageF shading;
  mesh::interpolate(face_model(), raster, lit, &shading);
  auto ring = [&](int first, int count) {
    std::vector<Point2> polygon;
    for (int i = first; i < first + count; ++i) polygon.push_back(dense.row(i).head<2>());
    return polygon;
  };
  const std::vector<Point2> lips = ring(48, 12), right_eye = ring(36, 6), left_eye = ring(42, 6);
  core::ImageU8 image(kWidth, kHeight, 3);
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) {
      const Point2 p(float(x) + 0.5F, float(y) + 0.5F);
      Colour colour = kSkin;
      if (is_inside(lips, p)) colour = Colour(0.55F, 0.25F, 0.25F);
      if (is_inside(right_eye, p) || is_inside(left_eye, p)) colour = Colour(0.3F, 0.3F, 0.3F);
      const float light = raster.triangle.at(x, y) < 0 ? 0.6F : 0.6F + 0.4F * shading.at(x, y, 0);
      const float grain = 1 + 0.01F * std::sin(0.9F * float(x) + 0.3F * float(y));
      for (int c = 0; c < 3; ++c)
        image.at(x, y, c) = std::uint8_t(std::lround(255 * std::min(1.F, colour[c] * light * grain)));
    }
  return image;
}

// Another tone, and brighter by `slope` to the viewer's right.
inline core::ImageU8 in_other_light(core::ImageU8 image, const Colour& gain, float slope = 0) {
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      for (int c = 0; c < 3; ++c) {
        const float light = std::exp(slope * (float(x) / float(image.width) - 0.5F));
        image.at(x, y, c) =
            std::uint8_t(std::lround(std::min(255.F, float(image.at(x, y, c)) * gain[c] * light)));
      }
  return image;
}

// A lock of hair over the subject's right cheekbone.
inline core::ImageU8 with_hair(core::ImageU8 image, const mesh::Vertices& dense) {
  const Point2 middle = dense.row(kLock).head<2>();
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      if ((Point2(float(x), float(y)) - middle).cwiseAbs().maxCoeff() < 0.9F * kPxPerCm)
        for (int c = 0; c < 3; ++c) image.at(x, y, c) = std::uint8_t(std::lround(255 * kHair[c]));
  return image;
}

// A frame, and what one lender paints in it.
struct Swap {
  Pose pose{0, 0, 0, kPxPerCm, {160, 170}};
  mesh::Vertices control = pose_face(pose), dense = dense_face(pose);
  mesh::Vertices target = dense;  // of the painted face
  core::ImageU8 frame = portrait(dense);
  Reference lender{frame, dense};
  GuidanceScratch scratch;
  core::Patch patch;
  core::ImageF rgb;  // the frame under the patch
  OwnFace own;

  void paint() {
    const Painting painting = trusting_painting({1, 0, 0, 0});
    PatchInput input;
    input.painting = &painting;
    input.crop_from_frame = core::Affine2(Eigen::Scaling(2 / (kCropWidthCm * kPxPerCm)));
    input.target = &target;
    input.mask = whole_face_polygon(control);
    input.feather = 0.9F * kPxPerCm;
    input.references = {&lender, &lender, &lender, &lender};
    input.frame_width = kWidth;
    input.frame_height = kHeight;
    make_patch(face_model(), input, &scratch, &patch);
    rgb = core::ImageF(patch.roi.width(), patch.roi.height(), 3);
    for (int y = 0; y < rgb.height; ++y)
      for (int x = 0; x < rgb.width; ++x)
        for (int c = 0; c < 3; ++c)
          rgb.at(x, y, c) = float(frame.at(patch.roi.left + x, patch.roi.top + y, c)) / 255;
    own.rgb = &rgb;
    own.dense = &dense;
  }
  SkinSeen light() { return relight(face_model(), own, target, &scratch, &patch); }

  // Mean difference of patch and frame where the patch covers it.
  float difference() const {
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < patch.alpha.data.size(); ++i) {
      if (patch.alpha.data[i] < 0.5F) continue;
      for (std::size_t c = 3 * i; c < 3 * i + 3; ++c)
        sum += double(std::abs(patch.rgb.data[c] - rgb.data[c])), count += 1;
    }
    return float(sum / std::max(count, 1.0));
  }
  Point2 in_patch(const mesh::Vertices& vertices, int i) const {
    return Point2(vertices(i, 0) - float(patch.roi.left), vertices(i, 1) - float(patch.roi.top));
  }
  float at(const core::ImageF& image, Point2 p, int channel = 0) const {
    return image.at(int(p.x()), int(p.y()), channel);
  }
};

}  // namespace resyncer::generator
