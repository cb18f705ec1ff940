#include "generator/convex_hull.h"

#include <algorithm>

namespace resyncer::generator {

namespace {
using core::Point2;
float cross(Point2 a, Point2 b) { return a.x() * b.y() - a.y() * b.x(); }
}  // namespace

std::vector<Point2> convex_hull(std::vector<Point2> points) {
  std::sort(points.begin(), points.end(),
            [](Point2 a, Point2 b) { return a.x() < b.x() || (a.x() == b.x() && a.y() < b.y()); });
  std::vector<Point2> hull;
  auto add = [&](Point2 p, std::size_t keep) {
    while (hull.size() > keep + 1 && cross(hull.back() - hull[hull.size() - 2], p - hull.back()) <= 0)
      hull.pop_back();
    hull.push_back(p);
  };
  for (const Point2& p : points) add(p, 0);
  const std::size_t upper = hull.size() - 1;
  for (std::size_t i = points.size() - 1; i-- > 0;) add(points[i], upper);
  if (hull.size() > 1) hull.pop_back();
  return hull;
}

}  // namespace resyncer::generator
