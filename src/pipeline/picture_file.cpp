#include "pipeline/picture_file.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"

namespace resyncer::pipeline {

using core::Error;
using core::ErrorKind;

namespace {
cv::Mat bgr_of(const core::ImageU8& rgb) {
  const cv::Mat view(rgb.height, rgb.width, CV_8UC3, const_cast<std::uint8_t*>(rgb.data.data()));
  cv::Mat bgr;
  cv::cvtColor(view, bgr, cv::COLOR_RGB2BGR);
  return bgr;
}
}  // namespace

std::vector<std::uint8_t> to_jpeg(const core::ImageU8& rgb, int quality) {
  std::vector<std::uint8_t> bytes;
  if (!cv::imencode(".jpg", bgr_of(rgb), bytes, {cv::IMWRITE_JPEG_QUALITY, quality}))
    throw Error(ErrorKind::output, "a picture cannot be encoded");
  return bytes;
}

void write_picture(const core::ImageU8& rgb, const std::filesystem::path& path) {
  core::OutputFile file(path);
  bool written = false;
  try {
    written = cv::imwrite(file.temporary().string(), bgr_of(rgb));
  } catch (const cv::Exception&) {
    throw Error(ErrorKind::output, "no picture format of this name", path.string(), "name it .png");
  }
  if (!written) throw Error(ErrorKind::output, "the picture cannot be written", path.string());
  file.commit();
}

}  // namespace resyncer::pipeline
