#include "face_detector.h"

#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/opencv.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "frontal_faces.h"

namespace resyncer::track {
namespace {

// Border around searched images, so that windows of faces at the frame's edge fit.
constexpr int kBorder = 24;
// A chip is scored with its box at this size: a little over the window of 80 px, so that the pyramid's first
// two levels (x 1 and x 5/6) bracket it.
constexpr float kScoredBox = 88.F;
constexpr float kScoredChip = 136.F;

Detection detection_of(const dlib::rect_detection& found) {
  const dlib::rectangle& rect = found.rect;
  return {{float(rect.left() + rect.right() + 1) / 2, float(rect.top() + rect.bottom() + 1) / 2},
          float(rect.width() + rect.height()) / 2,
          float(found.detection_confidence)};
}

dlib::frontal_face_detector make_detector() {
  std::istringstream stream(frontal_faces());
  dlib::frontal_face_detector detector;
  deserialize(detector, stream);
  return detector;
}

// The detector without what scoring a chip does not need: only the front, left and right views (the chip is
// turned upright), only the two pyramid levels that bracket the box.
dlib::frontal_face_detector make_scorer(const dlib::frontal_face_detector& detector) {
  dlib::frontal_face_detector::image_scanner_type scanner;
  scanner.copy_configuration(detector.get_scanner());
  scanner.set_max_pyramid_levels(2);
  std::vector<dlib::frontal_face_detector::feature_vector_type> views;
  for (unsigned long i = 0; i < std::min(3UL, detector.num_detectors()); ++i)
    views.push_back(detector.get_w(i));
  return dlib::frontal_face_detector(scanner, detector.get_overlap_tester(), views);
}

}  // namespace

struct FaceDetector::Impl {
  dlib::frontal_face_detector detector = make_detector();
  dlib::frontal_face_detector scorer = make_scorer(detector);
  std::vector<dlib::rect_detection> found;
  cv::Mat resized, bordered;
};

FaceDetector::FaceDetector() : impl_(std::make_unique<Impl>()) {}
FaceDetector::~FaceDetector() = default;

std::vector<Detection> FaceDetector::search(const cv::Mat& gray, float resize) {
  auto& m = *impl_;
  cv::resize(gray, m.resized, {}, resize, resize, resize < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  cv::copyMakeBorder(m.resized, m.bordered, kBorder, kBorder, kBorder, kBorder, cv::BORDER_REPLICATE);
  m.detector(dlib::cv_image<unsigned char>(m.bordered), m.found, kFoundScore);
  std::vector<Detection> result;
  core::Point2 shift(kBorder, kBorder);
  for (const auto& f : m.found) {
    Detection d = detection_of(f);
    d.centre = (d.centre - shift) / resize;
    d.side /= resize;
    result.push_back(d);
  }
  std::stable_sort(result.begin(), result.end(), [](auto& a, auto& b) { return a.score > b.score; });
  return result;
}

float FaceDetector::score(const core::ImageU8& chip, float box_left, float box_side) {
  auto& m = *impl_;
  cv::Mat whole(chip.height, chip.width, CV_8UC1, const_cast<std::uint8_t*>(chip.data.data()));
  float resize = kScoredBox / box_side;
  float centre = box_left + box_side / 2, half = std::min(kScoredChip / resize / 2, centre);
  int first = int(std::lround(centre - half)), size = int(std::lround(2 * half));
  cv::resize(whole(cv::Rect(first, first, size, size)), m.resized, {}, resize, resize, cv::INTER_AREA);
  m.scorer(dlib::cv_image<unsigned char>(m.resized), m.found, kNoFaceScore);
  float best = kNoFaceScore;
  core::Point2 expected(float(m.resized.cols) / 2, float(m.resized.rows) / 2);
  for (const auto& f : m.found) {
    const Detection d = detection_of(f);
    bool same = (d.centre - expected).norm() < 0.3F * kScoredBox && d.side < 1.4F * kScoredBox;
    if (same) best = std::max(best, d.score);
  }
  return best;
}

}  // namespace resyncer::track
