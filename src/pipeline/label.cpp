#include "pipeline/label.h"

#include <fontconfig/fontconfig.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <memory>
#include <opencv2/freetype.hpp>
#include <opencv2/imgproc.hpp>

#include "pipeline/frame_painter.h"
#include "resyncer/core/error.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;

constexpr double kSafeMargin = 0.05;       // of the width and the height, each side
constexpr double kLetterShare = 1 / 30.0;  // of the height
constexpr int kSmallestLetters = 8;        // px
constexpr float kBoxAlpha = 0.6F, kWhite = 0.95F, kBlack = 0.02F;

template <auto destroy>
struct Destroyer {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using CharSet = std::unique_ptr<FcCharSet, Destroyer<FcCharSetDestroy>>;
using Pattern = std::unique_ptr<FcPattern, Destroyer<FcPatternDestroy>>;

Error refusal(const std::string& why, const std::string& remedy) {
  return {ErrorKind::usage, "--label " + why, "", remedy};
}

CharSet characters_of(const std::string& text) {
  CharSet characters(FcCharSetCreate());
  auto rest = int(std::min<std::size_t>(text.size(), INT_MAX));
  const auto* next = reinterpret_cast<const FcChar8*>(text.data());
  while (rest > 0) {
    FcChar32 character = 0;
    const int bytes = FcUtf8ToUcs4(next, &character, rest);
    if (bytes <= 0) throw refusal("is not UTF-8", "encode it as UTF-8");
    if (character < 0x20 || (character >= 0x7F && character < 0xA0))
      throw refusal("has a control character", "one line of plain text is shown");
    FcCharSetAddChar(characters.get(), character);
    next += bytes;
    rest -= bytes;
  }
  return characters;
}

struct FontFace {
  std::string file;
  int index = 0;  // in a collection
};

FontFace font_with(const FcCharSet& characters) {
  Pattern wanted(FcPatternCreate());
  FcPatternAddString(wanted.get(), FC_FAMILY, reinterpret_cast<const FcChar8*>("DejaVu Sans"));
  FcPatternAddString(wanted.get(), FC_FAMILY, reinterpret_cast<const FcChar8*>("sans-serif"));
  FcPatternAddInteger(wanted.get(), FC_WEIGHT, FC_WEIGHT_BOLD);
  FcPatternAddBool(wanted.get(), FC_SCALABLE, FcTrue);
  FcConfigSubstitute(nullptr, wanted.get(), FcMatchPattern);
  FcDefaultSubstitute(wanted.get());
  // Best first; the first that has all characters.
  FcResult result = FcResultMatch;
  std::unique_ptr<FcFontSet, Destroyer<FcFontSetDestroy>> fonts(
      FcFontSort(nullptr, wanted.get(), FcFalse, nullptr, &result));
  for (int i = 0; fonts && i < fonts->nfont; ++i) {
    FcCharSet* has = nullptr;
    FcChar8* file = nullptr;
    int index = 0;
    FcBool scalable = FcFalse, coloured = FcFalse;
    FcPatternGetBool(fonts->fonts[i], FC_SCALABLE, 0, &scalable);
    FcPatternGetBool(fonts->fonts[i], FC_COLOR, 0, &coloured);
    FcPatternGetInteger(fonts->fonts[i], FC_INDEX, 0, &index);
    if (scalable == FcTrue && coloured == FcFalse &&
        FcPatternGetCharSet(fonts->fonts[i], FC_CHARSET, 0, &has) == FcResultMatch &&
        FcPatternGetString(fonts->fonts[i], FC_FILE, 0, &file) == FcResultMatch &&
        FcCharSetIsSubset(&characters, has) == FcTrue)
      return {reinterpret_cast<const char*>(file), index & 0xFFFF};
  }
  throw refusal("has characters that no installed font shows",
                "install one, such as Debian's fonts-noto-cjk");
}

// The box round one line of letters of a size.
struct Line {
  int letters = 0;  // px
  cv::Size box;
  cv::Point origin;  // of the text, on its base line
};

Line measure(cv::freetype::FreeType2& font, const std::string& text, int letters) {
  int below = 0;
  const cv::Size size = font.getTextSize(text, letters, -1, &below);
  const int margin = letters / 3;
  return {letters,
          {size.width + 3 * margin, size.height + std::max(below, 0) + 2 * margin},
          {3 * margin / 2, size.height + margin}};
}

// As large as wanted, or as fits.
Line fitting_line(cv::freetype::FreeType2& font, const std::string& text, double width, double height) {
  const double widest = width * (1 - 2 * kSafeMargin), highest = height * (1 - 2 * kSafeMargin);
  int letters = std::max(kSmallestLetters, int(std::lround(height * kLetterShare)));
  while (letters >= kSmallestLetters) {
    const Line line = measure(font, text, letters);
    if (line.box.width <= widest && line.box.height <= highest) return line;
    letters = std::min(letters - 1, int(letters * widest / line.box.width));
  }
  throw refusal("is too long for a picture of " + std::to_string(int(width)) + " x " +
                    std::to_string(int(height)) + " px",
                "shorten it");
}

// Coverage [0, 255] of the text in its box.
cv::Mat rasterise(const std::string& text, double width, double height) {
  const FontFace face = font_with(*characters_of(text));
  const auto font = cv::freetype::createFreeType2();
  font->loadFontData(face.file, face.index);
  const Line line = fitting_line(*font, text, width, height);
  cv::Mat picture(line.box, CV_8UC3, cv::Scalar::all(0));
  font->putText(picture, text, line.origin, line.letters, cv::Scalar::all(255), -1, cv::LINE_AA, true);
  cv::Mat coverage;
  cv::extractChannel(picture, coverage, 0);
  return coverage;
}

// Half a pixel: OpenCV counts from the pixels' centres.
cv::Matx23d opencv_map(const Eigen::Affine2d& map) {
  const Eigen::Matrix2d a = map.linear();
  const Eigen::Vector2d b = map.translation() + a * Eigen::Vector2d(0.5, 0.5) - Eigen::Vector2d(0.5, 0.5);
  return {a(0, 0), a(0, 1), b.x(), a(1, 0), a(1, 1), b.y()};
}

}  // namespace

core::Patch label_patch(const std::string& text, int stored_width, int stored_height,
                        const core::Affine2& upright_from_stored) try {
  core::Patch patch;
  if (text.empty()) return patch;
  const Eigen::Vector2d upright =
      (upright_from_stored.linear().cast<double>() * Eigen::Vector2d(stored_width, stored_height)).cwiseAbs();
  const cv::Mat picture = rasterise(text, upright.x(), upright.y());
  const double left = std::round(kSafeMargin * upright.x());
  const double top = std::round((1 - kSafeMargin) * upright.y()) - picture.rows;

  Eigen::Affine2d picture_from_stored(upright_from_stored.matrix().cast<double>());
  picture_from_stored.pretranslate(Eigen::Vector2d(-left, -top));
  Eigen::AlignedBox2d box;
  for (const Eigen::Vector2d& corner : {Eigen::Vector2d(0, 0), Eigen::Vector2d(picture.cols, picture.rows)})
    box.extend(picture_from_stored.inverse() * corner);
  patch.roi = core::intersect({int(std::floor(box.min().x() + 1e-3)), int(std::floor(box.min().y() + 1e-3)),
                               int(std::ceil(box.max().x() - 1e-3)), int(std::ceil(box.max().y() - 1e-3))},
                              {0, 0, stored_width, stored_height});

  // Letters are let down upon the box; both are blended at once.
  Eigen::Affine2d picture_from_patch = picture_from_stored;
  picture_from_patch.translate(Eigen::Vector2d(patch.roi.left, patch.roi.top));
  cv::Mat coverage;
  cv::warpAffine(picture, coverage, opencv_map(picture_from_patch), {patch.roi.width(), patch.roi.height()},
                 cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
  patch.rgb = core::ImageF(coverage.cols, coverage.rows, 3);
  patch.alpha = core::ImageF(coverage.cols, coverage.rows, 1);
  for (int y = 0; y < coverage.rows; ++y) {
    for (int x = 0; x < coverage.cols; ++x) {
      const float ink = float(coverage.at<std::uint8_t>(y, x)) / 255, alpha = ink + (1 - ink) * kBoxAlpha;
      patch.alpha.at(x, y) = alpha;
      for (int c = 0; c < 3; ++c)
        patch.rgb.at(x, y, c) = (ink * kWhite + (1 - ink) * kBoxAlpha * kBlack) / alpha;
    }
  }
  return patch;
} catch (const cv::Exception& e) {
  throw Error(ErrorKind::internal, "the label cannot be drawn (" + e.err + ")");
}

void draw_label(const core::Patch& label, media::VideoFrame* frame, core::ImageU8* mask,
                compose::Workspace* workspace) {
  if (label.roi.empty()) return;
  blend(label, frame, mask, workspace);
}

}  // namespace resyncer::pipeline
