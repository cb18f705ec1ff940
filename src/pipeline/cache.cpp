#include "resyncer/pipeline/cache.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <sstream>
#include <system_error>

#include "pipeline/steady_files.h"
#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"
#include "resyncer/core/tensor_file.h"
#include "resyncer/pipeline/content_hash.h"

namespace resyncer::pipeline {

namespace {

namespace fs = std::filesystem;
using core::DType;
using core::FaceObservation;
using Observations = std::vector<std::optional<FaceObservation>>;

// Raised whenever the times of frames, the tracker or the bank come out otherwise: old files are then no
// longer found.
constexpr int kAnalysisVersion = 4;
constexpr float kMostNumber = 1e9F;            // of any figure: it still fits an int
constexpr std::int32_t kMostPixels = 1 << 20;  // of a box's coordinates

[[noreturn]] void inconsistent(const fs::path& path, const std::string& what) {
  throw core::Error(core::ErrorKind::input, "the analysis is damaged: " + what, path.string());
}

// Columns of many observations, with gaps.
struct ObservationColumns {
  std::vector<std::uint8_t> present;
  std::vector<float> landmarks, score;
  std::vector<std::int32_t> box;

  void append(const Observations& frames) {
    for (const auto& face : frames) {
      present.push_back(face ? 1 : 0);
      if (!face) continue;
      for (const auto& p : face->landmarks) landmarks.insert(landmarks.end(), {p.x(), p.y()});
      score.push_back(face->score);
      box.insert(box.end(), {face->box.left, face->box.top, face->box.right, face->box.bottom});
    }
  }
  void add_to(core::TensorFileWriter* writer, const std::string& name) const {
    auto faces = std::int64_t(score.size());
    writer->add(name + ".present", DType::u8, {std::int64_t(present.size())}, present.data());
    writer->add(name + ".landmarks", {faces, core::kLandmarks, 2}, landmarks);
    writer->add(name + ".score", {faces}, score);
    writer->add(name + ".box", DType::i32, {faces, 4}, box.data());
  }
};

template <typename T>
std::vector<T> copy_of(const core::TensorView& view) {
  std::vector<T> out(std::size_t(view.count()));
  if (!out.empty()) std::memcpy(out.data(), view.data, view.bytes);
  return out;
}

// The way back; every number that later serves as an index or a size is checked.
class Loader {
 public:
  explicit Loader(const fs::path& path) : path_(path), file_(path, core::ErrorKind::input) {
    if (file_.meta("kind") != "analysis" || file_.meta("version") != std::to_string(kAnalysisVersion))
      inconsistent(path_, "it is of another kind or version");
  }

  Analysis load() {
    Analysis a;
    auto size = integers("size", {4});
    bool sane =
        size[0] > 0 && size[1] > 0 && size[0] <= 65536 && size[1] <= 65536 && size[2] > 0 && size[3] > 0;
    if (!sane) inconsistent(path_, "frame size or time base");
    a.width = int(size[0]);
    a.height = int(size[1]);
    a.time_base = {size[2], size[3]};
    a.pts = integers("pts", {-1});
    if (!rises(a.pts)) inconsistent(path_, "time stamps");
    a.tracks.frame_count = a.frame_count();
    a.tracks.shot_starts = integers("shot_starts", {-1});
    const auto& starts = a.tracks.shot_starts;
    bool ascending = std::is_sorted(starts.begin(), starts.end());
    if (starts.empty() || starts.front() != 0 || !ascending || starts.back() >= a.frame_count())
      inconsistent(path_, "shots");
    load_tracks(&a);
    load_bank(&a);
    return a;
  }

 private:
  std::vector<std::int64_t> integers(const std::string& name, const std::vector<std::int64_t>& shape) const {
    return copy_of<std::int64_t>(file_.get(name, DType::i64, shape));
  }
  // Times that can be subtracted from each other.
  static bool rises(const std::vector<std::int64_t>& pts) {
    constexpr std::int64_t kMost = std::int64_t{1} << 60;
    bool strictly = std::adjacent_find(pts.begin(), pts.end(), std::greater_equal<>()) == pts.end();
    return strictly && (pts.empty() || (pts.front() >= -kMost && pts.back() <= kMost));
  }
  std::vector<float> floats(const std::string& name, const std::vector<std::int64_t>& shape) const {
    std::vector<float> values = file_.get(name, DType::f32, shape).to_floats();
    for (float v : values)
      if (!(std::abs(v) <= kMostNumber)) inconsistent(path_, "'" + name + "' holds no sensible number");
    return values;
  }

  void load_tracks(Analysis* a) {
    auto heads = integers("tracks", {-1, 4});
    // Every frame of a track has a byte in the file: false lengths are refused before memory is asked for.
    std::int64_t total = 0, most = file_.get("smoothed.present", DType::u8, {-1}).count();
    for (std::size_t t = 0; t + 3 < heads.size(); t += 4) {
      track::FaceTrack face;
      face.id = int(heads[t]);
      face.shot = int(heads[t + 1]);
      face.first_frame = heads[t + 2];
      std::int64_t frames = heads[t + 3];
      bool inside = heads[t] >= 0 && heads[t] <= INT_MAX && frames <= most - total && heads[t + 1] >= 0 &&
                    heads[t + 1] < std::int64_t(a->tracks.shot_starts.size()) && face.first_frame >= 0 &&
                    frames >= 0 && frames <= a->frame_count() &&
                    face.first_frame <= a->frame_count() - frames;
      if (!inside) inconsistent(path_, "a track lies outside the video");
      face.frames.resize(std::size_t(frames));
      face.raw.resize(std::size_t(frames));
      total += frames;
      a->tracks.tracks.push_back(std::move(face));
    }
    load_observations("smoothed", total, a, &track::FaceTrack::frames);
    load_observations("raw", total, a, &track::FaceTrack::raw);
    const std::vector<float> covered = floats("covered", {total});
    for (float v : covered)
      if (v < 0 || v > 1) inconsistent(path_, "a covered share");
    auto share = covered.begin();
    for (track::FaceTrack& face : a->tracks.tracks) {
      face.covered.assign(share, share + std::ptrdiff_t(face.frames.size()));
      share += std::ptrdiff_t(face.frames.size());
    }
  }

  void load_observations(const std::string& name, std::int64_t total, Analysis* a,
                         Observations track::FaceTrack::*member) {
    auto present = copy_of<std::uint8_t>(file_.get(name + ".present", DType::u8, {total}));
    auto faces =
        std::int64_t(std::count_if(present.begin(), present.end(), [](std::uint8_t p) { return p != 0; }));
    auto landmarks = floats(name + ".landmarks", {faces, core::kLandmarks, 2});
    auto score = floats(name + ".score", {faces});
    auto box = copy_of<std::int32_t>(file_.get(name + ".box", DType::i32, {faces, 4}));
    for (std::int32_t v : box)
      if (v < -kMostPixels || v > kMostPixels) inconsistent(path_, "a face's box");
    std::size_t i = 0, k = 0;
    for (track::FaceTrack& face : a->tracks.tracks) {
      for (auto& slot : face.*member) {
        if (present[i++] == 0) continue;
        FaceObservation seen;
        const float* p = landmarks.data() + k * 2 * core::kLandmarks;
        for (std::size_t n = 0; n < core::kLandmarks; ++n) seen.landmarks[n] = {p[2 * n], p[2 * n + 1]};
        seen.score = score[k];
        seen.box = {box[4 * k], box[4 * k + 1], box[4 * k + 2], box[4 * k + 3]};
        slot = seen;
        ++k;
      }
    }
  }

  void load_bank(Analysis* a) {
    auto heads = integers("bank.frame_size", {-1, 3});
    auto entries = std::int64_t(heads.size() / 3);
    auto landmarks = floats("bank.landmarks", {entries, core::kLandmarks, 2});
    auto place = floats("bank.sharpness_origin_scale", {entries, 4});
    const core::TensorView& pixels = file_.get("bank.pixels", DType::u8, {-1});
    std::size_t used = 0;
    for (std::size_t e = 0; e < std::size_t(entries); ++e) {
      BankFrame entry;
      entry.frame = heads[3 * e];
      std::int64_t width = heads[3 * e + 1], height = heads[3 * e + 2];
      bool sane = entry.frame >= 0 && entry.frame < a->frame_count() && width > 0 && height > 0 &&
                  width <= 16384 && height <= 16384 && place[4 * e + 3] > 0;
      if (!sane) inconsistent(path_, "a reference picture's place");
      std::size_t bytes = std::size_t(width) * std::size_t(height) * 3;
      if (bytes > pixels.bytes - used) inconsistent(path_, "reference pictures are cut off");
      entry.image.width = int(width);
      entry.image.height = int(height);
      entry.image.channels = 3;
      const auto* begin = pixels.as<std::uint8_t>() + used;
      entry.image.data.assign(begin, begin + bytes);
      used += bytes;
      const float* p = landmarks.data() + e * 2 * core::kLandmarks;
      for (std::size_t n = 0; n < core::kLandmarks; ++n) entry.landmarks[n] = {p[2 * n], p[2 * n + 1]};
      entry.sharpness = place[4 * e];
      entry.origin = {place[4 * e + 1], place[4 * e + 2]};
      entry.scale = place[4 * e + 3];
      a->bank.push_back(std::move(entry));
    }
  }

  fs::path path_;
  core::TensorFile file_;
};

void save_bank(const std::vector<BankFrame>& bank, core::TensorFileWriter* writer) {
  std::vector<std::int64_t> heads;
  std::vector<float> landmarks, place;
  std::vector<std::uint8_t> pixels;
  std::size_t bytes = 0;
  for (const BankFrame& entry : bank) bytes += entry.image.data.size();
  pixels.reserve(bytes);  // up to 216 MiB: not twice as much
  for (const BankFrame& entry : bank) {
    heads.insert(heads.end(), {entry.frame, entry.image.width, entry.image.height});
    for (const auto& p : entry.landmarks) landmarks.insert(landmarks.end(), {p.x(), p.y()});
    place.insert(place.end(), {entry.sharpness, entry.origin.x(), entry.origin.y(), entry.scale});
    pixels.insert(pixels.end(), entry.image.data.begin(), entry.image.data.end());
  }
  auto entries = std::int64_t(bank.size());
  writer->add("bank.frame_size", DType::i64, {entries, 3}, heads.data());
  writer->add("bank.landmarks", {entries, core::kLandmarks, 2}, landmarks);
  writer->add("bank.sharpness_origin_scale", {entries, 4}, place);
  writer->add("bank.pixels", DType::u8, {std::int64_t(pixels.size())}, pixels.data());
}

bool ends_with(const std::string& name, const std::string& tail) {
  return name.size() >= tail.size() && name.compare(name.size() - tail.size(), tail.size(), tail) == 0;
}

}  // namespace

fs::path default_cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/')
    return fs::path(cache) / "resyncer";  // the standard wants it absolute
  const char* home = std::getenv("HOME");
  return home != nullptr && home[0] == '/' ? fs::path(home) / ".cache/resyncer" : fs::path();
}

namespace {

std::uint64_t default_limit(const fs::path& folder, std::uint64_t used) {
  constexpr std::uint64_t kLeast = 2'000'000'000;
  std::error_code unknown;
  const fs::space_info disk = fs::space(folder, unknown);
  return unknown ? kLeast : std::max(kLeast, (disk.available + used) / 10);
}

}  // namespace

void limit_size(const CacheOptions& cache) {
  struct File {
    fs::path path;
    std::uint64_t bytes;
    fs::file_time_type used;
  };
  std::vector<File> files;
  std::uint64_t total = 0;
  std::error_code error;
  for (fs::directory_iterator it(cache.folder, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (!ends_with(name, kAnalysisSuffix) && !ends_with(name, kPersonSuffix)) continue;
    std::error_code unreadable;
    std::uint64_t bytes = it->file_size(unreadable);
    fs::file_time_type used = it->last_write_time(unreadable);
    if (unreadable) continue;
    files.push_back({it->path(), bytes, used});
    total += bytes;
  }
  const std::uint64_t limit = cache.max_bytes.value_or(default_limit(cache.folder, total));
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.used < b.used; });
  for (const File& file : files) {
    if (total <= limit) break;
    if (fs::remove(file.path, error)) total -= file.bytes;
  }
}

void mark_used(const fs::path& file) {
  std::error_code ignored;
  fs::last_write_time(file, fs::file_time_type::clock::now(), ignored);
}

std::string cache_key(const fs::path& video, const AnalysisOptions& options) {
  const track::TrackerOptions& t = options.tracker;
  std::ostringstream text;
  text << content_hash(video) << '|' << kAnalysisVersion << '|' << t.landmark_model.string() << '|'
       << t.detection_width << '|' << t.detection_interval << '|' << t.min_score << '|' << t.min_face_px;
  const BankOptions& b = options.bank_options;
  if (options.bank)
    text << '|' << b.entries_per_face << '|' << b.entries << '|' << b.max_side << '|' << b.reach << '|'
         << b.first_tau << '|' << b.enough;
  return content_hash(text.str().data(), text.str().size()) + kAnalysisSuffix;
}

void save_analysis(const Analysis& a, const fs::path& path) {
  core::TensorFileWriter writer;
  writer.set_meta("kind", "analysis");
  writer.set_meta("version", std::to_string(kAnalysisVersion));
  std::int64_t size[4] = {a.width, a.height, a.time_base.num, a.time_base.den};
  writer.add("size", DType::i64, {4}, size);
  writer.add("pts", DType::i64, {a.frame_count()}, a.pts.data());
  const auto& starts = a.tracks.shot_starts;
  writer.add("shot_starts", DType::i64, {std::int64_t(starts.size())}, starts.data());
  std::vector<std::int64_t> heads;
  ObservationColumns smoothed, raw;
  std::vector<float> covered;
  for (const track::FaceTrack& face : a.tracks.tracks) {
    heads.insert(heads.end(), {face.id, face.shot, face.first_frame, std::int64_t(face.frames.size())});
    smoothed.append(face.frames);
    raw.append(face.raw);
    covered.insert(covered.end(), face.covered.begin(), face.covered.end());
    covered.resize(smoothed.present.size(), 0.F);
  }
  writer.add("tracks", DType::i64, {std::int64_t(a.tracks.tracks.size()), 4}, heads.data());
  smoothed.add_to(&writer, "smoothed");
  raw.add_to(&writer, "raw");
  writer.add("covered", {std::int64_t(covered.size())}, covered);
  save_bank(a.bank, &writer);
  writer.write(path);
}

Analysis load_analysis(const fs::path& path) { return Loader(path).load(); }

namespace {

// The known one, or none: what is damaged or foreign is made again, and overwritten.
std::optional<Analysis> known_analysis(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  try {
    Analysis known = load_analysis(file);
    mark_used(file);
    return known;
  } catch (const core::Error&) {
    return std::nullopt;
  }
}

}  // namespace

core::KeyedLock lock_in_cache(const fs::path& file) {
  std::error_code ignored;
  fs::create_directories(file.parent_path(), ignored);
  core::KeyedLock lock(file.parent_path() / ".lock", file.filename().string());
  core::remove_abandoned(file);
  return lock;
}

Analysis analyse_cached(const fs::path& video, const AnalysisOptions& options, const CacheOptions& cache,
                        const ProgressSink& progress, bool* from_cache) {
  if (from_cache != nullptr) *from_cache = false;
  const SteadyFiles steady({video});
  if (cache.folder.empty()) {
    Analysis fresh = analyse(video, options, progress);
    steady.check();
    return fresh;
  }
  const fs::path file = cache.folder / cache_key(video, options);
  const core::KeyedLock lock = lock_in_cache(file);  // the second to want it waits for the first, then reads
  if (std::optional<Analysis> known = known_analysis(file)) {
    if (from_cache != nullptr) *from_cache = true;
    return std::move(*known);
  }
  Analysis fresh = analyse(video, options, progress);
  steady.check();  // or the analysis of one video would be kept under the name of another
  try {
    save_analysis(fresh, file);
    limit_size(cache);
  } catch (const core::Error&) {
    // A folder that cannot be written to means no cache, nothing worse.
  }
  return fresh;
}

}  // namespace resyncer::pipeline
