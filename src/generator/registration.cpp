#include "generator/registration.h"

#include <Eigen/Dense>
#include <algorithm>

namespace resyncer::generator {

namespace {

using Plane = Eigen::ArrayXXf;  // rows x columns, at half the crop's resolution

constexpr float kLowest = 0.4F;  // of the crop's height: below it the face moves with lips and jaw
constexpr float kValid = 0.03F;  // sum of the slots' validities that a known pixel has at least
constexpr float kNoise = 0.02F;  // difference of brightness from which pixels count less (Cauchy)
constexpr float kPrior = 5e-5F;  // squared gradient: what is flatter says little about a shift
constexpr float kUpright =
    0.6F;                    // of a shift upwards or down: the skin above the lips knows half of the jaw's
constexpr float kLimit = 1;  // px of the crop
constexpr int kReach = 6;    // px of the views: the mean over as many to each side is light, not position
constexpr int kRounds = 3;
constexpr int kFirst = kGuidancePlanes - 4 * kReferences;

struct Views {
  Plane frame, mean;  // brightness
  Plane known;        // 1: both are skin of the face, above the lips
};

// Adds a pixel of the crop to a cell of the views. `known` stays 1 only where all pixels of a cell are.
void add_pixel(const float* pixel, Eigen::Index y, Eigen::Index x, Views* views) {
  float weight = 0, mean = 0;
  for (int k = 0; k < kReferences; ++k) {
    const float* reference = pixel + kFirst + 4 * k;
    weight += reference[3];
    mean += reference[3] * core::brightness(reference);
  }
  const bool known = pixel[3] <= 0 && pixel[4] > 0 && pixel[5] <= 0 && weight > kValid;
  views->frame(y, x) += 0.25F * core::brightness(pixel);
  views->mean(y, x) += known ? 0.25F * mean / weight : 0;
  if (!known) views->known(y, x) = 0;
}

Views look(const Guidance& guidance) {
  const Eigen::Index rows = Eigen::Index(kLowest * float(guidance.side) / 2), columns = guidance.side / 2;
  Views views{Plane::Zero(rows, columns), Plane::Zero(rows, columns), Plane::Ones(rows, columns)};
  for (Eigen::Index y = 0; y < 2 * rows; ++y) {
    const float* pixel = guidance.planes.row(int(y));
    for (Eigen::Index x = 0; x < 2 * columns; ++x, pixel += kGuidancePlanes)
      add_pixel(pixel, y / 2, x / 2, &views);
  }
  return views;
}

Plane box_sum(const Plane& plane, int reach) {
  const Eigen::Index rows = plane.rows(), columns = plane.cols();
  Plane across = Plane::Zero(rows, columns), sum = across;
  for (Eigen::Index x = 0; x < columns; ++x)
    for (Eigen::Index u = std::max<Eigen::Index>(0, x - reach); u <= std::min(columns - 1, x + reach); ++u)
      across.col(x) += plane.col(u);
  for (Eigen::Index y = 0; y < rows; ++y)
    for (Eigen::Index v = std::max<Eigen::Index>(0, y - reach); v <= std::min(rows - 1, y + reach); ++v)
      sum.row(y) += across.row(v);
  return sum;
}

// Mean over the known pixels round each.
Plane local_mean(const Plane& plane, const Plane& known, int reach) {
  return box_sum(plane * known, reach) / box_sum(known, reach).max(1e-3F);
}

// What the solution is made of: how the views differ, light apart, and how the mean changes with position;
// their border of one px is left out.
struct Comparison {
  Plane difference, gx, gy, known;
};

Comparison compare(const Views& views) {
  const Eigen::Index rows = views.known.rows() - 2, columns = views.known.cols() - 2;
  const auto moved = [&](const Plane& p, Eigen::Index x, Eigen::Index y) {
    return p.block(1 + y, 1 + x, rows, columns);
  };
  const Plane &known = views.known, mean = local_mean(views.mean, known, 1);
  const Plane apart = local_mean(views.frame, known, 1) - mean;
  return {moved(apart - local_mean(apart, known, kReach), 0, 0), (moved(mean, 1, 0) - moved(mean, -1, 0)) / 2,
          (moved(mean, 0, 1) - moved(mean, 0, -1)) / 2,
          moved(known, 0, 0) * moved(known, 1, 0) * moved(known, -1, 0) * moved(known, 0, 1) *
              moved(known, 0, -1)};
}

// The shift (px of the views) with frame(x) = mean(x + shift), by Gauss and Newton (Lucas & Kanade 1981); one
// linearisation serves, as shifts are far below what the pictures are smoothed over.
Eigen::Vector2f find_shift(const Comparison& c) {
  Eigen::Vector2f shift(0, 0);
  for (int round = 0; round < kRounds; ++round) {  // of weights
    const Plane weight =
        c.known / (1 + ((c.difference - shift.x() * c.gx - shift.y() * c.gy) / kNoise).square());
    const Plane wx = weight * c.gx, wy = weight * c.gy;
    const float prior = kPrior * weight.sum() + 1e-12F, mixed = (wx * c.gy).sum();
    Eigen::Matrix2f square;
    square << (wx * c.gx).sum() + prior, mixed, mixed, (wy * c.gy).sum() + prior;
    shift = square.ldlt().solve(Eigen::Vector2f((wx * c.difference).sum(), (wy * c.difference).sum()));
  }
  return shift;
}

}  // namespace

core::Point2 misplacement(const Guidance& guidance) {
  const Views views = look(guidance);
  if (views.known.rows() < 3 || views.known.cols() < 3) return {0, 0};
  const Eigen::Vector2f shift = 2 * find_shift(compare(views));  // px of the crop
  if (!shift.allFinite()) return {0, 0};
  // The mesh goes the other way.
  return {std::clamp(-shift.x(), -kLimit, kLimit), std::clamp(-kUpright * shift.y(), -kLimit, kLimit)};
}

}  // namespace resyncer::generator
