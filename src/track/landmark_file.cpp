#include "landmark_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>

#include "resyncer/core/error.h"

namespace resyncer::track {
namespace {

constexpr std::size_t kValues = 2 * core::kLandmarks;
constexpr std::size_t kMostStages = 64, kMostTrees = 4096, kMostLeaves = 256, kMostPixels = 4096;
// Shapes lie in the unit square and grey values below 256: sums of such numbers stay far from overflowing.
constexpr float kMostNumber = 1e6F;
constexpr std::uintmax_t kMostBytes = 1U << 30;
constexpr char kRemedy[] = "use shape_predictor_68_face_landmarks.dat of Debian's libdlib-data";

}  // namespace

LandmarkFile::LandmarkFile(const std::filesystem::path& path) : place_(path.string()) {
  std::error_code code;
  auto size = std::filesystem::file_size(path, code);
  std::ifstream in(path, std::ios::binary);
  if (code || !in)
    throw core::Error(core::ErrorKind::model, "The landmark model cannot be read", place_,
                      "install the package libdlib-data or name another file");
  if (size > kMostBytes) fail("it is too large");
  bytes_.resize(size);
  if (!in.read(reinterpret_cast<char*>(bytes_.data()), std::streamsize(size)))
    fail("it cannot be read whole");
}

void LandmarkFile::fail(const std::string& what) const {
  throw core::Error(core::ErrorKind::model, "The landmark model is damaged or of another kind: " + what,
                    place_, kRemedy);
}

// A control byte (sign, number of bytes), then the magnitude, little-endian.
std::int64_t LandmarkFile::integer() {
  if (at_ >= bytes_.size()) fail("it ends early");
  std::uint8_t control = bytes_[at_++];
  std::size_t size = control & 0x0FU;
  if ((control & 0x70U) != 0 || size > 8) fail("a number is garbled");
  if (bytes_.size() - at_ < size) fail("it ends early");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t(bytes_[at_ + i]) << (8 * i);
  at_ += size;
  auto magnitude = std::int64_t(value & 0x7FFFFFFFFFFFFFFFULL);
  return (control & 0x80U) != 0 ? -magnitude : magnitude;
}

// mantissa * 2^exponent
float LandmarkFile::number() {
  auto mantissa = integer();
  auto exponent = integer();
  if (exponent < -1000 || exponent > 100) fail("a number is not finite");
  float value = 0;
  if (exponent >= -100 && std::abs(mantissa) < (std::int64_t(1) << 24)) {
    // A power of two made from its bits: exact like ldexp, and the file has ten million numbers.
    auto bits = std::uint32_t(exponent + 127) << 23;
    float power = 0;
    std::memcpy(&power, &bits, sizeof power);
    value = float(mantissa) * power;
  } else {
    value = float(std::ldexp(double(mantissa), int(exponent)));
  }
  if (!(std::abs(value) <= kMostNumber)) fail("a number is out of range");
  return value;
}

std::size_t LandmarkFile::count(std::size_t most) {
  auto value = integer();
  if (value < 0 || std::uint64_t(value) > most) fail("a count is out of range");
  return std::size_t(value);
}

void LandmarkFile::column(std::size_t rows, std::vector<float>* out) {
  // dlib writes the extents negated to tell its newer format.
  auto nr = std::abs(integer()), nc = std::abs(integer());
  if (nr != std::int64_t(rows) || nc != 1) fail("it does not have 68 points");
  for (std::size_t i = 0; i < rows; ++i) out->push_back(number());
}

void LandmarkFile::tree(LandmarkModel::Stage* stage) {
  auto splits = count(kMostLeaves - 1);
  for (std::size_t i = 0; i < splits; ++i) {
    LandmarkModel::Split split{};
    split.a = std::uint16_t(count(kMostPixels - 1));
    split.b = std::uint16_t(count(kMostPixels - 1));
    split.threshold = number();
    stage->splits.push_back(split);
  }
  auto leaves = count(kMostLeaves);
  bool power_of_two = leaves > 0 && (leaves & (leaves - 1)) == 0;
  if (leaves != splits + 1 || !power_of_two) fail("a tree is not complete");
  if (stage->tree_leaves == 0) stage->tree_leaves = int(leaves);
  if (stage->tree_leaves != int(leaves)) fail("its trees differ in depth");
  for (std::size_t i = 0; i < leaves; ++i) column(kValues, &stage->leaves);
}

void LandmarkFile::stage_pixels(std::vector<LandmarkModel::Stage>* stages) {
  if (count(kMostStages) != stages->size()) fail("its parts do not fit together");
  for (auto& stage : *stages) {
    stage.pixels.resize(count(kMostPixels));
    for (auto& pixel : stage.pixels) pixel.anchor = std::uint16_t(count(core::kLandmarks - 1));
  }
  if (count(kMostStages) != stages->size()) fail("its parts do not fit together");
  for (auto& stage : *stages) {
    if (count(kMostPixels) != stage.pixels.size()) fail("its parts do not fit together");
    for (auto& pixel : stage.pixels) {
      pixel.dx = number();
      pixel.dy = number();
    }
    for (const auto& split : stage.splits)
      if (std::max(split.a, split.b) >= stage.pixels.size())
        fail("a tree asks for a pixel that is not there");
  }
}

void LandmarkFile::read(LandmarkModel* model) {
  if (integer() != 1) fail("its version is unknown");
  std::vector<float> mean;
  column(kValues, &mean);
  for (std::size_t i = 0; i < model->mean_.size(); ++i) model->mean_[i] = {mean[2 * i], mean[2 * i + 1]};
  model->stages_.resize(count(kMostStages));
  if (model->stages_.empty()) fail("it is empty");
  for (auto& stage : model->stages_) {
    stage.trees = int(count(kMostTrees));
    // At least two bytes a number: a false count is refused before memory is asked for.
    if (bytes_.size() - at_ < std::size_t(stage.trees) * kValues) fail("it ends early");
    for (int i = 0; i < stage.trees; ++i) {
      tree(&stage);
      std::size_t all = stage.leaves.size() * std::size_t(stage.trees);
      if (i == 0 && all <= bytes_.size()) stage.leaves.reserve(all);
    }
  }
  stage_pixels(&model->stages_);
}

}  // namespace resyncer::track
