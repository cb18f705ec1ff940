// Looking a whole frame through for faces: the part of following them that needs no other frame, so that
// another thread may do it ahead of the tracker.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "resyncer/core/geometry.h"
#include "resyncer/core/image.h"

namespace resyncer::track {

struct TrackerOptions;

// An upright square, px of the searched image. dlib's score: 0 is the detector's own threshold, clear faces
// reach 1 to 3.
struct Detection {
  core::Point2 centre = {0, 0};
  float side = 0;
  float score = 0;
};

class FaceSearch {
 public:
  explicit FaceSearch(const TrackerOptions& options);
  ~FaceSearch();
  FaceSearch(FaceSearch&&) noexcept;
  FaceSearch& operator=(FaceSearch&&) noexcept;

  // Whether frame `index` is looked through even while every known face is followed well.
  bool is_due(std::int64_t index) const;
  // Best first. `gray`: the frame as the tracker gets it.
  std::vector<Detection> search(const core::ImageU8& gray);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace resyncer::track
