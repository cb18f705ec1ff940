#include "resyncer/pipeline/compare.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "pipeline/picture_difference.h"
#include "pipeline/worst_frames.h"
#include "resyncer/core/error.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/reference_bank.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;
namespace fs = std::filesystem;

constexpr int kSmallest = 160, kLargest = 480;  // px of a picture in the film

std::string described(const media::VideoInfo& info) {
  return std::to_string(info.stored_width) + "x" + std::to_string(info.stored_height) + " " +
         info.pixel_format;
}

// The square round what differs by a quarter of the largest difference or more.
core::Box place_of_difference(const core::ImageU8& difference) {
  const int least = std::max(1, int(*std::max_element(difference.data.begin(), difference.data.end())) / 4);
  core::Box box{difference.width, difference.height, 0, 0};
  for (int y = 0; y < difference.height; ++y)
    for (int x = 0; x < difference.width; ++x)
      for (int c = 0; c < 3; ++c)
        if (difference.at(x, y, c) >= least)
          box = core::unite(box.empty() ? core::Box{x, y, x + 1, y + 1} : box, core::Box{x, y, x + 1, y + 1});
  const int side = std::max({box.width(), box.height(), kSmallest}) * 5 / 4;
  const int left = (box.left + box.right - side) / 2, top = (box.top + box.bottom - side) / 2;
  return {left, top, left + side, top + side};
}

FilmColumn show_difference(std::int64_t frame, double seconds, const media::VideoReader& reader,
                           const media::VideoFrame& a, const media::VideoFrame& b, const char* remark) {
  core::ImageU8 first, second, shown;
  media::to_rgb(a, reader.upright_from_stored(), 1, &first);
  media::to_rgb(b, reader.upright_from_stored(), 1, &second);
  core::ImageU8 difference = amplified_difference(first, second);
  const core::Box box = place_of_difference(difference);
  const int side = std::min(box.width(), kLargest);
  core::Affine2 view = core::Affine2::Identity();
  view.scale(float(side) / float(box.width())).translate(core::Point2(float(-box.left), float(-box.top)));
  FilmColumn column{frame, seconds, remark, {}};
  for (const auto& [label, image] :
       {std::pair("A", &first), std::pair("B", &second), std::pair("difference, 8 times", &difference)}) {
    resample(*image, view, side, side, &shown);
    column.cells.push_back({label, shown});
  }
  return column;
}

void check_alike(const media::VideoReader& a, const media::VideoReader& b) {
  const std::string mine = described(a.info()), other = described(b.info());
  if (mine != other)
    throw Error(ErrorKind::input, "is " + other + ", but " + a.info().path.string() + " is " + mine,
                b.info().path.string(), "compare results of one source");
}

}  // namespace

Comparison compare_videos(const fs::path& a, const fs::path& b, const ProgressSink& progress) {
  const media::ReaderOptions as_coded{-1, 0, media::Interlaced::keep};
  media::VideoReader first(a, as_coded), second(b, as_coded);
  check_alike(first, second);
  Comparison out;
  out.a = a, out.b = b;
  Series psnr{"psnr", {}}, largest{"max_difference", {}};
  SampleDifference total;
  WorstFrames worst;
  double equal_frames = 0, worst_psnr = 100;
  std::int64_t start = 0;
  for (std::int64_t i = 0;; ++i) {
    const std::optional<media::VideoFrame> x = first.read(), y = second.read();
    if (x.has_value() != y.has_value())
      throw Error(ErrorKind::input, "ends at frame " + std::to_string(i) + ", before the other",
                  (x ? b : a).string(), "compare results of one source");
    if (!x) break;
    if (!same_layout(x->layout(), y->layout()))
      throw Error(ErrorKind::input, "the pixel format changes on the way", b.string());
    if (i == 0) start = x->pts();
    out.seconds.push_back(double(x->pts() - start) * first.info().time_base.value());
    const SampleDifference difference = sample_difference(*x, *y);
    total.add(difference);
    equal_frames += difference.equal == difference.samples ? 1 : 0;
    worst_psnr = std::min(worst_psnr, difference.psnr());
    psnr.values.push_back(float(difference.psnr()));
    largest.values.push_back(255 * difference.largest);
    if (difference.largest > 0)
      worst.see(i, difference.squares, [&] {
        char remark[64];
        std::snprintf(remark, sizeof remark, "%.1f dB, at most %.0f of 255", difference.psnr(),
                      255.0 * double(difference.largest));
        return show_difference(i, out.seconds.back(), first, *x, *y, remark);
      });
    if (progress) progress({"compare", i + 1, first.info().frame_count_hint});
  }
  out.differences = {{"psnr", total.psnr()},
                     {"worst_psnr", worst_psnr},
                     {"max_difference", 255.0 * double(total.largest)},
                     {"equal_share", double(total.equal) / double(std::max<std::int64_t>(1, total.samples))},
                     {"equal_frames", equal_frames / std::max(1.0, double(out.seconds.size()))}};
  out.series = {std::move(psnr), std::move(largest)};
  std::vector<FilmColumn> columns = worst.finish();
  if (!columns.empty()) out.films.push_back({"Frames that differ most", std::move(columns)});
  return out;
}

}  // namespace resyncer::pipeline
