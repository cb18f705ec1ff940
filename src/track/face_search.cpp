#include "resyncer/track/face_search.h"

#include <algorithm>

#include "face_detector.h"
#include "resyncer/track/face_tracker.h"
#include "search_plan.h"

namespace resyncer::track {

namespace {
constexpr int kSmallestSearch = 160;  // px: twice the detector's window
}

float search_resize(const TrackerOptions& options, int width, int height) {
  return float(std::max(options.detection_width, kSmallestSearch)) / float(std::max(width, height));
}

bool is_search_due(const TrackerOptions& options, std::int64_t index) {
  return index % std::max(1, options.detection_interval) == 0;
}

struct FaceSearch::Impl {
  TrackerOptions options;
  FaceDetector detector;
};

FaceSearch::FaceSearch(const TrackerOptions& options) : impl_(std::make_unique<Impl>()) {
  impl_->options = options;
}
FaceSearch::~FaceSearch() = default;
FaceSearch::FaceSearch(FaceSearch&&) noexcept = default;
FaceSearch& FaceSearch::operator=(FaceSearch&&) noexcept = default;

bool FaceSearch::is_due(std::int64_t index) const { return is_search_due(impl_->options, index); }

std::vector<Detection> FaceSearch::search(const core::ImageU8& gray) {
  const cv::Mat image(gray.height, gray.width, CV_8UC1, const_cast<std::uint8_t*>(gray.data.data()));
  return impl_->detector.search(image, std::min(1.F, search_resize(impl_->options, gray.width, gray.height)));
}

}  // namespace resyncer::track
