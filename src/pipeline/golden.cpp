#include "resyncer/pipeline/golden.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "pipeline/golden_files.h"
#include "pipeline/machine_kind.h"
#include "pipeline/picture_difference.h"
#include "pipeline/picture_file.h"
#include "resyncer/core/error.h"
#include "resyncer/core/temporary_folder.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/content_hash.h"
#include "resyncer/pipeline/measure_result.h"
#include "resyncer/pipeline/reference_bank.h"

namespace resyncer::pipeline {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

constexpr std::int64_t kPictures = 6;             // of a case
constexpr int kPictureSide = 160, kQuality = 90;  // px; of the JPEGs
constexpr std::int64_t kMostMouths = 24;          // frames whose coefficients are kept
constexpr std::size_t kMouthCoefficients = 6;     // of each of them
constexpr std::size_t kHashDigits = 12;           // of SHA-256: 48 bits tell a change from none

std::string short_hash(const void* data, std::size_t bytes) {
  return content_hash(data, bytes).substr(0, kHashDigits);
}

// The samples of all planes, row by row; those that the mask touches are 0.
std::vector<char> samples_of(const media::VideoFrame& frame, const core::ImageU8* touched) {
  const media::PixelLayout& layout = frame.layout();
  const auto planes = frame.planes();
  const int bytes = layout.bit_depth > 8 ? 2 : 1;
  std::vector<char> samples, left_out;
  for (int c = 0; c < layout.components; ++c) {
    const bool chroma = c > 0 && layout.matrix != media::ColorMatrix::rgb;
    const int shift_x = chroma ? layout.chroma_shift_x : 0, shift_y = chroma ? layout.chroma_shift_y : 0;
    const int width = (layout.width + (1 << shift_x) - 1) >> shift_x;
    const int height = (layout.height + (1 << shift_y) - 1) >> shift_y;
    left_out.assign(std::size_t(width), 0);
    const media::Plane& plane = planes[std::size_t(c)];
    for (int y = 0; y < height; ++y) {
      if (touched != nullptr) touched_samples(*touched, shift_x, shift_y, y, &left_out);
      const auto* row = reinterpret_cast<const char*>(plane.data + y * plane.stride);
      for (int x = 0; x < width; ++x, row += plane.pixel_step * bytes)
        for (int b = 0; b < bytes; ++b) samples.push_back(left_out[std::size_t(x)] != 0 ? char(0) : row[b]);
    }
  }
  return samples;
}

core::ImageU8 mask_of(const media::VideoFrame& frame) {
  const media::Plane plane = frame.planes()[0];
  core::ImageU8 mask(frame.layout().width, frame.layout().height, 1);
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x)
      mask.at(x, y) = std::uint8_t(plane.data[y * plane.stride + x * plane.pixel_step]);
  return mask;
}

// The square round what the mask touches, in upright px; the whole picture where that is nothing.
core::Box view_of(const core::ImageU8& mask, const core::Affine2& upright_from_stored) {
  core::Box box;
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x)
      if (mask.at(x, y) != 0)
        box = box.empty() ? core::Box{x, y, x + 1, y + 1} : core::unite(box, {x, y, x + 1, y + 1});
  if (box.empty()) box = {0, 0, mask.width, mask.height};
  const core::Point2 a = upright_from_stored * core::Point2(float(box.left), float(box.top));
  const core::Point2 b = upright_from_stored * core::Point2(float(box.right), float(box.bottom));
  const core::Point2 centre = 0.5F * (a + b);
  const int side = int(std::lround((a - b).cwiseAbs().maxCoeff() * 1.1F));
  const int left = int(std::lround(centre.x())) - side / 2, top = int(std::lround(centre.y())) - side / 2;
  return {left, top, left + side, top + side};
}

std::vector<std::uint8_t> picture_of(const media::VideoFrame& frame, const core::Affine2& upright_from_stored,
                                     const core::Box& view) {
  core::ImageU8 rgb, picture;
  media::crop_rgb(frame, upright_from_stored, view, &rgb);
  core::Affine2 scale = core::Affine2::Identity();
  scale.scale(float(kPictureSide) / float(view.width()));
  resample(rgb, scale, kPictureSide, kPictureSide, &picture);
  return to_jpeg(picture, kQuality);
}

// Every frame of a finished render with its mask.
class FrameReading {
 public:
  FrameReading(const fs::path& result, const fs::path& mask, std::int64_t frames, const GoldenRecord* like)
      : result_(result), mask_(mask), frames_(frames), like_(like) {}

  void read(GoldenRecord* record) {
    const media::VideoInfo& info = result_.info();
    record->format = std::to_string(info.stored_width) + 'x' + std::to_string(info.stored_height) + ' ' +
                     info.pixel_format;
    std::int64_t start = 0;
    for (std::int64_t i = 0;; ++i) {
      const std::optional<media::VideoFrame> frame = result_.read(), mask = mask_.read();
      if (!frame || !mask) break;
      if (i == 0) start = frame->pts();
      const core::ImageU8 touched = mask_of(*mask);
      const std::vector<char> all = samples_of(*frame, nullptr), kept = samples_of(*frame, &touched);
      record->frames.push_back(
          {short_hash(all.data(), all.size()), short_hash(kept.data(), kept.size()), ""});
      if (const std::optional<core::Box> view = wanted_view(i, touched))
        record->pictures.push_back({i, double(frame->pts() - start) * info.time_base.value(), *view,
                                    picture_of(*frame, result_.upright_from_stored(), *view)});
    }
  }

 private:
  std::optional<core::Box> wanted_view(std::int64_t frame, const core::ImageU8& mask) const {
    if (like_ != nullptr) {
      for (const GoldenPicture& picture : like_->pictures)
        if (picture.frame == frame) return picture.view;
      return std::nullopt;
    }
    const std::int64_t count = std::min(kPictures, frames_);
    for (std::int64_t k = 0; k < count; ++k)
      if (frame == (2 * k + 1) * frames_ / (2 * count)) return view_of(mask, result_.upright_from_stored());
    return std::nullopt;
  }

  media::VideoReader result_, mask_;
  std::int64_t frames_;
  const GoldenRecord* like_;
};

void read_mouths(const fs::path& motion, GoldenRecord* record) {
  std::ifstream stream(motion);
  const nlohmann::json rows = nlohmann::json::parse(stream).at("expression");
  const auto count = std::int64_t(std::min(rows.size(), record->frames.size()));
  const std::int64_t step = std::max<std::int64_t>(1, (count + kMostMouths - 1) / kMostMouths);
  for (std::int64_t i = 0; i < count; ++i) {
    std::string text;
    std::vector<double> first;
    for (const auto& value : rows[std::size_t(i)]) {
      char number[32];
      const double rounded = std::round(value.get<double>() * 1e4) / 1e4 + 0.0;  // -0 is 0
      std::snprintf(number, sizeof number, "%.4f ", rounded);
      text += number;
      if (first.size() < kMouthCoefficients) first.push_back(rounded);
    }
    record->frames[std::size_t(i)].mouth = short_hash(text.data(), text.size());
    if (i % step == 0) record->mouths[i] = first;
  }
}

}  // namespace

GoldenRecord make_golden(const GoldenCase& work, const ModelSet& models, const GoldenRecord* like,
                         const ProgressSink& progress) {
  const core::TemporaryFolder temporary;
  const fs::path& folder = temporary.path();
  RenderOptions options = work.options;
  options.output = folder / "result.mkv";
  options.mask_out = folder / "mask.mkv";
  options.mouth.motion_out = folder / "motion.json";
  options.deterministic = true;
  options.use_cache = false;  // an analysis of before would hide what has changed in it
  options.provenance = false;
  if (options.encoder.codec.empty()) options.encoder.codec = "ffv1";
  GoldenRecord record;
  record.inputs = {{"video", content_hash(options.input)}, {"speech", content_hash(options.speech)}};
  if (like != nullptr && like->inputs != record.inputs)
    throw Error(ErrorKind::input, "the video or the speech is not the recorded one any more", work.name,
                "record the case anew");
  const RenderReport report = render(options, models, progress);

  record.machine = machine_kind();
  record.options = work.described;
  record.version = RESYNCER_VERSION;
  for (const char* id : {"face-model", "motion", "generator"}) record.models[id] = models.get(id).sha256;
  FrameReading(options.output, options.mask_out, report.frames, like).read(&record);
  if (std::int64_t(record.frames.size()) != report.frames)
    throw Error(ErrorKind::internal, "the result does not have the frames that were written", work.name);
  read_mouths(options.mouth.motion_out, &record);
  ResultOptions measuring;
  measuring.face = options.face;
  measuring.tracker = options.tracker;
  record.figures = measure_result({options.output, options.speech, options.input, {}, options.mask_out},
                                  models, measuring, progress)
                       .figures;
  return record;
}

}  // namespace resyncer::pipeline
