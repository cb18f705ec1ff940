// Points, boxes and affine maps of the image plane. x to the right, y down, in pixels. Maps carry their
// frames in the name: `crop_from_frame` takes a point of the frame to the crop.
#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>

namespace resyncer::core {

using Point2 = Eigen::Vector2f;
using Affine2 = Eigen::Transform<float, 2, Eigen::AffineCompact>;

// Half-open pixel rectangle [left, right) x [top, bottom).
struct Box {
  int left = 0, top = 0, right = 0, bottom = 0;

  int width() const { return right - left; }
  int height() const { return bottom - top; }
  bool empty() const { return right <= left || bottom <= top; }
  bool contains(Point2 p) const {
    return p.x() >= float(left) && p.x() < float(right) && p.y() >= float(top) && p.y() < float(bottom);
  }
};

Box intersect(const Box& a, const Box& b);
Box unite(const Box& a, const Box& b);
Box grow(const Box& box, int margin);

// Area of the intersection over area of the union; 0 for empty boxes.
float overlap(const Box& a, const Box& b);

}  // namespace resyncer::core
