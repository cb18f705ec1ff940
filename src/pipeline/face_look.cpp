#include "pipeline/face_look.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace resyncer::pipeline {

namespace {

using core::Landmarks;
using core::Point2;

constexpr float kUnit = 28;  // px of a face unit in the reduced picture

// Of the face, px: does not shrink when the head turns.
float unit_of(const Landmarks& p) {
  return std::max(core::inter_ocular_distance(p), 0.75F * (p[27] - p[8]).norm());
}

// A place on the way from one landmark to another.
struct Place {
  int from, to;
  float part;
};

// The eyes' surroundings, brow and bridge of the nose.
constexpr Place kUpper[] = {{27, 27, 0},    {28, 28, 0},    {29, 31, .5F},  {29, 35, .5F}, {41, 31, .35F},
                            {41, 1, .4F},   {31, 1, .35F},  {46, 35, .35F}, {46, 15, .4F}, {35, 15, .35F},
                            {21, 22, .5F},  {21, 27, .5F},  {22, 27, .5F},  {19, 37, .5F}, {24, 44, .5F},
                            {39, 27, .45F}, {42, 27, .45F}, {36, 0, .4F},   {45, 16, .4F}};
// Rays from the outer lip to the jaw, the upper lip's skin, both lips.
constexpr Place kLower[] = {
    {48, 2, .35F},  {48, 2, .65F},  {48, 3, .25F},  {48, 3, .5F},   {48, 3, .78F}, {48, 4, .25F},
    {48, 4, .5F},   {48, 4, .78F},  {59, 5, .25F},  {59, 5, .5F},   {59, 5, .78F}, {58, 6, .3F},
    {58, 6, .6F},   {57, 7, .3F},   {57, 7, .6F},   {57, 8, .3F},   {57, 8, .6F},  {57, 9, .3F},
    {57, 9, .6F},   {56, 10, .3F},  {56, 10, .6F},  {55, 11, .25F}, {55, 11, .5F}, {55, 11, .78F},
    {54, 12, .25F}, {54, 12, .5F},  {54, 12, .78F}, {54, 13, .25F}, {54, 13, .5F}, {54, 13, .78F},
    {54, 14, .35F}, {54, 14, .65F}, {33, 51, .5F},  {32, 50, .5F},  {34, 52, .5F}, {31, 49, .5F},
    {35, 53, .5F},  {31, 48, .55F}, {35, 54, .55F}, {33, 33, 0},    {50, 61, .5F}, {51, 62, .5F},
    {52, 63, .5F},  {58, 67, .5F},  {57, 66, .5F},  {56, 65, .5F}};
static_assert(std::size(kUpper) == kUpperPlaces && std::size(kLower) == kLowerPlaces);

std::array<float, kPoses> pose_of(const Landmarks& p, float unit) {
  const Point2 across = (p[45] - p[36]).normalized(), down(-across.y(), across.x());
  const Point2 nose = p[30] - 0.5F * (p[36] + p[45]);
  return {nose.dot(across) / unit, nose.dot(down) / unit, (p[62] - p[66]).norm() / unit,
          (p[48] - p[54]).norm() / unit};
}

// Bilinear; the edge is repeated.
void sample(const core::ImageU8& image, Point2 at, std::uint8_t* colour) {
  const float x = std::clamp(at.x() - 0.5F, 0.F, float(image.width - 1)),
              y = std::clamp(at.y() - 0.5F, 0.F, float(image.height - 1));
  const int x0 = int(x), y0 = int(y), right = x0 + 1 < image.width ? 3 : 0;
  const std::uint8_t *upper = image.row(y0) + 3 * x0,
                     *lower = image.row(std::min(y0 + 1, image.height - 1)) + 3 * x0;
  const float fx = x - float(x0), fy = y - float(y0);
  for (int c = 0; c < 3; ++c) {
    const float top = float(upper[c]) + fx * float(upper[c + right] - upper[c]);
    const float bottom = float(lower[c]) + fx * float(lower[c + right] - lower[c]);
    colour[c] = std::uint8_t(top + fy * (bottom - top) + 0.5F);
  }
}

}  // namespace

std::array<Point2, kPlaces> places_of_look(const Landmarks& p) {
  std::array<Point2, kPlaces> places;
  auto on_the_way = [&](const Place& place) {
    return Point2(p[std::size_t(place.from)] +
                  place.part * (p[std::size_t(place.to)] - p[std::size_t(place.from)]));
  };
  std::transform(std::begin(kUpper), std::end(kUpper), places.begin(), on_the_way);
  std::transform(std::begin(kLower), std::end(kLower), places.begin() + kUpperPlaces, on_the_way);
  return places;
}

FaceLook look_at(const media::VideoFrame& picture, const core::Affine2& upright_from_stored,
                 const Landmarks& landmarks, core::ImageU8* scratch) {
  FaceLook look;
  const float unit = unit_of(landmarks);
  if (!(unit >= 1 && unit < 1e5F)) return look;
  look.pose = pose_of(landmarks, unit);
  const auto places = places_of_look(landmarks);
  Eigen::Array2f low = places[0], high = low;
  for (const Point2& p : places) low = low.min(p.array()), high = high.max(p.array());
  constexpr float kWidest = 8;  // units: what is wider is no face, and its picture might not fit anywhere
  if (!(low.minCoeff() > -1e5F && high.maxCoeff() < 1e5F && (high - low).maxCoeff() < kWidest * unit))
    return look;
  const core::Box box{int(std::floor(low.x())) - 1, int(std::floor(low.y())) - 1,
                      int(std::ceil(high.x())) + 1, int(std::ceil(high.y())) + 1};
  const float scale = std::min(1.F, kUnit / unit);
  media::crop_rgb(picture, upright_from_stored, box, scale, scratch);
  for (std::size_t k = 0; k < places.size(); ++k)
    sample(*scratch, scale * (places[k] - Point2(float(box.left), float(box.top))), &look.colours[3 * k]);
  return look;
}

}  // namespace resyncer::pipeline
