#include "pipeline/result_pictures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>

#include "pipeline/flicker.h"
#include "pipeline/picture_difference.h"
#include "pipeline/result_film.h"
#include "pipeline/result_mask.h"
#include "resyncer/core/error.h"
#include "resyncer/eval/image_metrics.h"
#include "resyncer/eval/seam_metrics.h"

namespace resyncer::pipeline {

namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

// Reads a video forwards to the frames that are asked for, in rising order; a still picture has but one.
class FrameCursor {
 public:
  explicit FrameCursor(const std::filesystem::path& path) : reader_(path) {}

  const media::VideoFrame& at(std::int64_t index) {
    for (; next_ <= index; ++next_) {
      std::optional<media::VideoFrame> frame = reader_.read();
      if (!frame)
        throw core::Error(core::ErrorKind::input, "has fewer frames than were looked for",
                          reader_.info().path.string(), "leave the file alone while it is measured");
      frame_ = std::move(*frame);
    }
    return frame_;
  }

 private:
  media::VideoReader reader_;
  media::VideoFrame frame_;
  std::int64_t next_ = 0;
};

struct Mean {
  double sum = 0, count = 0;
  void add(double value) { sum += value, count += 1; }
};

class PicturePass {
 public:
  PicturePass(const ResultFootage& footage, const ResultFiles& files, const ResultOptions& options,
              const Report& mouths)
      : footage_(footage), mask_path_(files.mask), result_(files.result) {
    const auto frames = std::size_t(footage.result.analysis.frame_count());
    if (footage.source) source_ = std::make_unique<FrameCursor>(files.source);
    if (footage.real) real_ = std::make_unique<FrameCursor>(files.real);
    if (!files.mask.empty()) mask_ = std::make_unique<FrameCursor>(files.mask);
    for (auto* series : {&psnr_of_, &seam_of_, &sharpness_of_, &flicker_of_, &reference_flicker_of_})
      series->assign(frames, kNone);
    if (options.film)
      film_ = std::make_unique<ResultFilm>(footage, mouths,
                                           footage.real_shows_same_frames
                                               ? "Least like the real pictures (PSNR inside the mask)"
                                               : "Strongest seams");
  }

  void measure(std::int64_t i) {
    ResultFilm::Pictures pictures{&result_.at(i), nullptr, nullptr};
    if (source_) pictures.source = &source_->at(footage_.source_frame[std::size_t(i)]);
    const std::int64_t real = real_ ? footage_.real_frame[std::size_t(i)] : -1;
    if (real >= 0) pictures.real = &real_->at(real);
    const media::VideoFrame* same_real = footage_.real_shows_same_frames ? pictures.real : nullptr;
    const media::VideoFrame* reference = pictures.source != nullptr ? pictures.source : same_real;
    if (reference != nullptr) {
      const std::optional<FrameMeshes> meshes = footage_.meshes(i);
      find_mask(i, meshes, *pictures.result);
      if (pictures.source != nullptr) add_untouched(*pictures.result, *pictures.source);
      if (meshes && !mask_now_.roi.empty()) {
        add_inside(i, *pictures.result, *reference, same_real);
        add_flicker(i, *pictures.result, *reference, *meshes);
      } else {
        flicker_.restart();
      }
    }
    if (film_) film_->see(i, pictures, fault(i), fault_in_words(i));
  }

  void finish(Report* report) {
    auto set = [&](const char* name, const Mean& mean) {
      if (mean.count > 0) report->figures[name] = mean.sum / mean.count;
    };
    auto set_ratio = [&](const char* name, const Mean& mine, const Mean& reference) {
      if (reference.sum > 0) report->figures[name] = mine.sum / reference.sum;
    };
    set("psnr", psnr_);
    set("ssim", ssim_);
    set("gradient_error", gradient_);
    set("seam_ratio", seam_);
    set_ratio("sharpness_ratio", sharpness_, reference_sharpness_);
    set_ratio("flicker_ratio", skin_, reference_skin_);
    set_ratio("mouth_flicker_ratio", mouth_, reference_mouth_);
    set_untouched(report);
    auto keep = [&](const char* name, std::vector<float>* values) {
      if (std::any_of(values->begin(), values->end(), [](float v) { return std::isfinite(v); }))
        report->series.push_back({name, std::move(*values)});
    };
    keep("psnr", &psnr_of_);
    keep("seam_ratio", &seam_of_);
    keep("sharpness_ratio", &sharpness_of_);
    keep("flicker", &flicker_of_);
    keep("reference_flicker", &reference_flicker_of_);
    if (film_) report->films = film_->finish();
  }

 private:
  void find_mask(std::int64_t i, const std::optional<FrameMeshes>& meshes, const media::VideoFrame& frame) {
    const int width = frame.layout().width, height = frame.layout().height;
    if (mask_)
      take_mask(mask_->at(i), mask_path_, width, height, &mask_now_);
    else if (meshes)
      rebuild_mask(*meshes, footage_.base().upright_from_stored(), width, height, &mask_now_);
    else
      clear_mask(width, height, &mask_now_);
  }

  void add_untouched(const media::VideoFrame& result, const media::VideoFrame& source) {
    formats_differ_ = formats_differ_ || !same_layout(result.layout(), source.layout());
    if (!formats_differ_) untouched_.add(sample_difference(result, source, &mask_now_.touched));
  }

  void set_untouched(Report* report) const {
    if (formats_differ_)
      report->notes.emplace_back(
          "Result and source have different pixel formats, so nothing is said of the untouched area.");
    if (formats_differ_ || untouched_.samples == 0) return;
    report->figures["untouched_share"] = double(untouched_.equal) / double(untouched_.samples);
    report->figures["untouched_psnr"] = untouched_.psnr();
    report->figures["untouched_max_difference"] = 255.0 * double(untouched_.largest);
  }

  void add_inside(std::int64_t i, const media::VideoFrame& result, const media::VideoFrame& reference,
                  const media::VideoFrame* same_real) {
    const auto at = std::size_t(i);
    const core::ImageF& alpha = mask_now_.alpha;
    compose::read_rgb(result, mask_now_.roi, &mine_, &compose_);
    compose::read_rgb(reference, mask_now_.roi, &other_, &compose_);
    const double sharpness = eval::laplacian_variance(mine_, alpha);
    const double reference_sharpness = eval::laplacian_variance(other_, alpha);
    sharpness_.add(sharpness);
    reference_sharpness_.add(reference_sharpness);
    if (reference_sharpness > 0) sharpness_of_[at] = float(sharpness / reference_sharpness);
    const double seam = eval::seam_ratio(mine_, other_, eval::seam_zones(alpha));
    seam_.add(seam);
    seam_of_[at] = float(seam);
    if (same_real == nullptr) return;
    if (same_real != &reference) compose::read_rgb(*same_real, mask_now_.roi, &other_, &compose_);
    const double psnr = eval::psnr(mine_, other_, alpha);
    psnr_.add(psnr);
    psnr_of_[at] = float(psnr);
    ssim_.add(eval::ssim(mine_, other_, alpha));
    gradient_.add(eval::gradient_error(mine_, other_, alpha));
  }

  void add_flicker(std::int64_t i, const media::VideoFrame& result, const media::VideoFrame& reference,
                   const FrameMeshes& meshes) {
    const auto& cuts = footage_.base().analysis.tracks.shot_starts;
    if (std::binary_search(cuts.begin(), cuts.end(), footage_.base_frame(i))) flicker_.restart();
    const auto energies =
        flicker_.push(result, reference, footage_.base().upright_from_stored(), meshes, mask_now_);
    if (!energies) return;
    skin_.add(energies->result);
    reference_skin_.add(energies->reference);
    mouth_.add(energies->result_mouth);
    reference_mouth_.add(energies->reference_mouth);
    flicker_of_[std::size_t(i) - 1] = float(255 * std::sqrt(energies->result));
    reference_flicker_of_[std::size_t(i) - 1] = float(255 * std::sqrt(energies->reference));
  }

  double fault(std::int64_t i) const {
    const auto at = std::size_t(i);
    return footage_.real_shows_same_frames ? -double(psnr_of_[at]) : double(seam_of_[at]);
  }
  std::string fault_in_words(std::int64_t i) const {
    char text[64] = "";
    if (footage_.real_shows_same_frames)
      std::snprintf(text, sizeof text, "%.1f dB", double(psnr_of_[std::size_t(i)]));
    else
      std::snprintf(text, sizeof text, "seam %.2f", double(seam_of_[std::size_t(i)]));
    return text;
  }

  const ResultFootage& footage_;
  std::filesystem::path mask_path_;
  FrameCursor result_;
  std::unique_ptr<FrameCursor> source_, real_, mask_;
  std::unique_ptr<ResultFilm> film_;
  FlickerMeter flicker_;
  FrameMask mask_now_;
  core::ImageF mine_, other_;
  compose::Workspace compose_;
  Mean psnr_, ssim_, gradient_, seam_, sharpness_, reference_sharpness_;
  Mean skin_, reference_skin_, mouth_, reference_mouth_;
  SampleDifference untouched_;
  bool formats_differ_ = false;
  std::vector<float> psnr_of_, seam_of_, sharpness_of_, flicker_of_, reference_flicker_of_;
};

}  // namespace

void measure_pictures(const ResultFootage& footage, const ResultFiles& files, const ResultOptions& options,
                      const ProgressSink& progress, Report* report) {
  if (!footage.source && !footage.real_shows_same_frames && !options.film) return;
  PicturePass pass(footage, files, options, *report);
  for (std::int64_t i = 0; i < report->frames(); ++i) {
    pass.measure(i);
    if (progress) progress({"measure", i + 1, report->frames()});
  }
  pass.finish(report);
}

}  // namespace resyncer::pipeline
