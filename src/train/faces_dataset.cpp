#include "faces_dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace resyncer::train {

namespace {
using core::DType;
using core::Error;
using core::ErrorKind;

core::ImageU8 halved(const std::byte* data, int side) {
  const auto* source = reinterpret_cast<const std::uint8_t*>(data);
  core::ImageU8 out(side / 2, side / 2, 3);
  const std::size_t stride = std::size_t(side) * 3;
  for (int y = 0; y < side / 2; ++y) {
    const std::uint8_t *above = source + 2 * std::size_t(y) * stride, *below = above + stride;
    std::uint8_t* row = out.row(y);
    for (int x = 0; x < side / 2; ++x, above += 6, below += 6, row += 3)
      for (int c = 0; c < 3; ++c)
        row[c] = std::uint8_t((above[c] + above[c + 3] + below[c] + below[c + 3] + 2) / 4);
  }
  return out;
}

void require_finite(const std::vector<float>& values, const char* name, const std::string& place) {
  for (float v : values)
    if (!std::isfinite(v) || std::abs(v) > 1e6F)
      throw Error(ErrorKind::input, std::string("'") + name + "' has values that are not finite", place,
                  "prepare the data again");
}

std::vector<core::TensorFile> opened(const std::vector<std::filesystem::path>& paths) {
  std::vector<core::TensorFile> files;
  files.reserve(paths.size());
  for (const auto& path : paths) files.emplace_back(path, ErrorKind::input);
  return files;
}

bool earlier(const generator::BankEntry& a, const generator::BankEntry& b) { return a.seconds < b.seconds; }

int position(const std::vector<std::int64_t>& rows, std::int64_t row) {
  return int(std::lower_bound(rows.begin(), rows.end(), row) - rows.begin());
}
}  // namespace

FacesDataset::FacesDataset(const std::vector<std::filesystem::path>& paths, const mesh::FaceModel& model,
                           int side)
    : FacesDataset(opened(paths), model, side) {}

FacesDataset::FacesDataset(std::vector<core::TensorFile> files, const mesh::FaceModel& model, int side)
    : side_(side), controls_(model.control_count()), mouth_weights_(generator::mouth_weights(model)) {
  for (auto& tensors : files) {
    files_.push_back(open(std::move(tensors)));
    File& file = files_.back();
    read_clips(&file, std::int64_t(file.clip_of.size()), model.expression_count());
  }
  list_frames();
  if (frames_.empty())
    throw Error(ErrorKind::input, "the faces files have no clip of two frames at different times");
}

void FacesDataset::list_frames() {
  for (std::size_t f = 0; f < files_.size(); ++f)
    for (std::size_t i = 0; i < files_[f].clip_of.size(); ++i) {
      FrameId frame{int(f), std::int64_t(i)};
      if (!candidates(frame, 0).empty()) frames_.push_back(frame);
    }
}

std::vector<FrameId> FacesDataset::hold_out(double share) {
  for (File& file : files_)
    for (auto& [number, clip] : file.clips) {
      auto [first, last] = std::minmax_element(clip.entries.begin(), clip.entries.end(), earlier);
      clip.measured_from = last->seconds - share * (last->seconds - first->seconds);
      std::size_t kept = 0;
      for (std::size_t i = 0; i < clip.lenders.size(); ++i) {
        if (clip.bank[i].seconds >= clip.measured_from) continue;
        std::swap(clip.bank[kept], clip.bank[i]);
        clip.lenders[kept++] = clip.lenders[i];
      }
      clip.bank.resize(kept);
      clip.lenders.resize(kept);
    }
  std::vector<FrameId> held, learned;
  for (FrameId frame : frames_) {
    if (candidates(frame, 0).empty()) continue;
    (entry(frame).seconds >= clip(frame).measured_from ? held : learned).push_back(frame);
  }
  frames_ = std::move(learned);
  return held;
}

FacesDataset::File FacesDataset::open(core::TensorFile tensors) const {
  File file(std::move(tensors));
  const core::TensorFile& t = file.tensors;
  if (t.meta("kind") != "faces")
    throw Error(ErrorKind::input, "is a '" + t.meta("kind") + "' file where a 'faces' file is needed",
                t.place());
  const auto& crops = t.get("crops", DType::u8, {-1, -1, -1, 3});
  std::int64_t rows = crops.shape[0], stored = crops.shape[1];
  if (crops.shape[2] != stored || (stored != side_ && stored != 2 * std::int64_t{side_}))
    throw Error(ErrorKind::input,
                "has pictures of " + std::to_string(stored) +
                    " px, which is neither the training's side of " + std::to_string(side_) +
                    " px nor twice that",
                t.place());
  file.side = int(stored);
  file.crops = crops.data;
  const char* const names[3] = {"target", "neutral", "wide_open"};
  for (std::size_t i = 0; i < 3; ++i) {
    file.shapes[i] = t.get(names[i], DType::f32, {rows, controls_, 3}).to_floats();
    require_finite(file.shapes[i], names[i], t.place());
  }
  file.seconds = t.get("seconds", DType::f32, {rows}).to_floats();
  require_finite(file.seconds, "seconds", t.place());
  const auto& clip = t.get("clip", DType::i32, {rows});
  file.clip_of.resize(std::size_t(rows));
  if (rows > 0) std::memcpy(file.clip_of.data(), clip.data, clip.bytes);
  return file;
}

void FacesDataset::read_clips(File* file, std::int64_t rows, std::int64_t coefficients) const {
  const core::TensorFile& t = file->tensors;
  auto expression = t.get("expression", DType::f32, {rows, coefficients}).to_floats();
  auto angles = t.get("angles", DType::f32, {rows, 3}).to_floats();
  auto openness = t.get("openness", DType::f32, {rows}).to_floats();
  auto sharpness = t.get("sharpness", DType::f32, {rows}).to_floats();
  require_finite(expression, "expression", t.place());
  require_finite(angles, "angles", t.place());
  require_finite(openness, "openness", t.place());
  require_finite(sharpness, "sharpness", t.place());
  std::vector<std::uint8_t> lends;
  if (t.has("lends")) {
    const auto& view = t.get("lends", DType::u8, {rows});
    lends.assign(view.as<std::uint8_t>(), view.as<std::uint8_t>() + rows);
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    auto at = std::size_t(i);
    generator::BankEntry entry;
    entry.seconds = double(file->seconds[at]);
    entry.expression = Eigen::Map<const Eigen::VectorXf>(expression.data() + i * coefficients, coefficients);
    entry.angles = Eigen::Map<const Eigen::Vector3f>(angles.data() + 3 * i);
    entry.openness = openness[at];
    entry.sharpness = sharpness[at];
    Clip& clip = file->clips[file->clip_of[at]];
    if (lends.empty() || lends[at] != 0) {
      clip.lenders.push_back(i);
      clip.bank.push_back(entry);
    }
    clip.rows.push_back(i);
    clip.entries.push_back(std::move(entry));
  }
}

core::ImageU8 FacesDataset::picture(FrameId frame) const {
  const File& file = files_[std::size_t(frame.file)];
  std::size_t bytes = std::size_t(file.side) * std::size_t(file.side) * 3;
  const std::byte* data = file.crops + std::size_t(frame.index) * bytes;
  if (file.side != side_) return halved(data, file.side);
  core::ImageU8 out(side_, side_, 3);
  std::memcpy(out.data.data(), data, bytes);
  return out;
}

mesh::Vertices FacesDataset::vertices(FrameId frame, Shape shape) const {
  const File& file = files_[std::size_t(frame.file)];
  const float* data = file.shapes[std::size_t(shape)].data() + frame.index * controls_ * 3;
  return Eigen::Map<const mesh::Vertices>(data, controls_, 3) * (float(side_) / float(file.side));
}

const FacesDataset::Clip& FacesDataset::clip(FrameId frame) const {
  const File& file = files_[std::size_t(frame.file)];
  return file.clips.at(file.clip_of[std::size_t(frame.index)]);
}

constexpr double kSameMoment = 1e-4;  // s

// `gap` when at least kReferences frames of the clip are that far away, else a gap that excludes the frame
// alone.
double FacesDataset::gap_or_none(FrameId frame, double gap) const {
  double now = double(files_[std::size_t(frame.file)].seconds[std::size_t(frame.index)]);
  int far = 0;
  for (const auto& entry : clip(frame).bank) far += std::abs(entry.seconds - now) >= gap ? 1 : 0;
  return far >= generator::kReferences ? std::max(gap, kSameMoment) : kSameMoment;
}

std::vector<std::int64_t> FacesDataset::candidates(FrameId frame, double gap) const {
  double now = double(files_[std::size_t(frame.file)].seconds[std::size_t(frame.index)]);
  gap = gap_or_none(frame, gap);
  const Clip& all = clip(frame);
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < all.lenders.size(); ++i)
    if (std::abs(all.bank[i].seconds - now) >= gap) rows.push_back(all.lenders[i]);
  return rows;
}

const generator::BankEntry& FacesDataset::entry(FrameId frame) const {
  const Clip& all = clip(frame);
  return all.entries[std::size_t(position(all.rows, frame.index))];
}

std::vector<float> FacesDataset::trust(FrameId frame, const std::vector<std::int64_t>& rows) const {
  const Clip& all = clip(frame);
  const generator::BankEntry& now = entry(frame);
  std::vector<int> chosen;
  chosen.reserve(rows.size());
  for (std::int64_t row : rows) chosen.push_back(position(all.lenders, row));
  return generator::reference_trust(all.bank, chosen, now.expression, mouth_weights_, now.angles);
}

std::vector<std::int64_t> FacesDataset::choose(FrameId frame, double gap) const {
  const Clip& all = clip(frame);
  const generator::BankEntry& now = entry(frame);
  generator::ChoiceOptions options;
  gap = gap_or_none(frame, gap);
  options.exclude_from = now.seconds - gap;
  options.exclude_to = now.seconds + gap;
  std::vector<std::int64_t> rows;
  for (int i : generator::choose_lenders(all.bank, now.expression, mouth_weights_, now.angles, {}, options))
    rows.push_back(all.lenders[std::size_t(i)]);
  return rows;
}

}  // namespace resyncer::train
