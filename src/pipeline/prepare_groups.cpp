#include "prepare_groups.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>
#include <limits>
#include <map>
#include <regex>
#include <thread>

#include "resyncer/core/error.h"

namespace resyncer::pipeline {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

bool is_picture_or_video(const fs::path& path) {
  static constexpr std::array<const char*, 18> kSuffixes = {
      ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg",  ".mpeg", ".ts",
      ".mts", ".flv", ".wmv", ".jpg", ".jpeg", ".png", ".webp", ".bmp",  ".y4m"};
  std::string suffix = path.extension().string();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  return std::find(kSuffixes.begin(), kSuffixes.end(), suffix) != kSuffixes.end();
}

std::vector<fs::path> list_files(const PrepareOptions& options) {
  std::vector<fs::path> files;
  for (const fs::path& input : options.inputs) {
    std::error_code error;
    if (!fs::is_directory(input, error)) {
      files.push_back(input);  // a missing file is named when it is opened
      continue;
    }
    std::vector<fs::path> found;
    fs::recursive_directory_iterator it(input, fs::directory_options::skip_permission_denied, error), end;
    for (; !error && it != end; it.increment(error))
      if (it->is_regular_file() && is_picture_or_video(it->path())) found.push_back(it->path());
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  if (files.empty()) throw Error(ErrorKind::input, "there is no video or picture in the inputs");
  std::size_t wanted = options.max_files > 0 ? std::size_t(options.max_files) : files.size();
  if (wanted >= files.size()) return files;
  std::vector<fs::path> some;
  for (std::size_t i = 0; i < wanted; ++i) some.push_back(files[i * files.size() / wanted]);
  return some;
}

// What a pattern's capture, or the position in the folder, makes of a file; equal keys belong together.
class Keys {
 public:
  // `fallback` 0: the whole folder is one key.
  Keys(const std::string& pattern, int fallback) : fallback_(fallback) {
    if (pattern.empty()) return;
    try {
      pattern_.emplace(pattern);
    } catch (const std::regex_error& e) {
      throw Error(ErrorKind::usage, "the pattern is no regular expression: " + std::string(e.what()),
                  pattern);
    }
    if (pattern_->mark_count() != 1)
      throw Error(ErrorKind::usage, "the pattern needs exactly one capture", pattern,
                  "write e.g. '_(\\d+)_'");
  }

  std::string operator()(const fs::path& file) {
    std::string folder = file.parent_path().string(), name = file.filename().string();
    if (pattern_) {
      std::smatch match;
      return std::regex_search(name, match, *pattern_) ? folder + "|" + match[1].str() : folder + "/" + name;
    }
    int position = seen_[folder]++;
    return fallback_ > 0 ? folder + "|" + std::to_string(position / fallback_) : folder;
  }

 private:
  std::optional<std::regex> pattern_;
  int fallback_;
  std::map<std::string, int> seen_;  // files so far, by folder
};

}  // namespace

std::vector<SourceGroup> list_groups(const PrepareOptions& options) {
  Keys group_of(options.group_pattern, std::max(1, options.group_size));
  Keys speaker_of(options.speaker_pattern, options.speaker_size);
  std::vector<SourceGroup> groups;
  std::map<std::string, std::size_t> group_index;
  std::map<std::string, int> speaker_index;
  for (const fs::path& path : list_files(options)) {
    auto [group, is_new] = group_index.try_emplace(group_of(path), groups.size());
    if (is_new) groups.push_back({path.filename().string(), {}});
    int speaker = speaker_index.try_emplace(speaker_of(path), int(speaker_index.size())).first->second;
    groups[group->second].files.push_back({path, speaker});
  }
  return groups;
}

void GroupLoop::skip(const std::string& message, std::size_t files) {
  std::lock_guard lock(mutex_);
  skipped_ += files;
  if (options_.warn) options_.warn(message);
}

void GroupLoop::run(const std::vector<SourceGroup>& groups,
                    const std::function<void(std::size_t, Worker*)>& work) {
  std::exception_ptr failure;
  auto loop = [&] {
    Worker worker;
    for (;;) {
      std::size_t i;
      {
        std::lock_guard lock(mutex_);
        if (next_ >= groups_ || failure) return;
        i = next_++;
      }
      try {
        work(i, &worker);
      } catch (const Error& e) {
        // A missing landmark file would fail for all of them; what is wrong with one video is skipped.
        if (e.kind() != ErrorKind::input && e.kind() != ErrorKind::face) {
          std::lock_guard lock(mutex_);
          failure = std::current_exception();
          return;
        }
        skip(groups[i].name + " is skipped: " + e.what(), groups[i].files.size());
      } catch (...) {
        std::lock_guard lock(mutex_);
        failure = std::current_exception();
        return;
      }
      std::lock_guard lock(mutex_);
      ++done_;
      if (options_.progress) options_.progress({"prepare", std::int64_t(done_), std::int64_t(groups_)});
    }
  };
  std::vector<std::thread> workers;
  for (int k = 1; k < options_.threads; ++k) workers.emplace_back(loop);
  loop();
  for (std::thread& thread : workers) thread.join();
  if (failure) std::rethrow_exception(failure);
}

std::vector<std::optional<Analysis>> analyse_group(const SourceGroup& group, const PrepareOptions& options,
                                                   GroupLoop* loop, Worker* worker) {
  AnalysisOptions analysis;
  analysis.tracker = options.tracker;
  analysis.bank = false;
  analysis.kept_tracker = &worker->tracker;
  analysis.threads = 1;  // the groups already run side by side
  CacheOptions cache;
  cache.folder = options.cache;
  cache.max_bytes = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::optional<Analysis>> out;
  for (const SourceFile& file : group.files) {
    try {
      out.emplace_back(analyse_cached(file.path, analysis, cache));
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::input) throw;
      loop->skip(file.path.string() + " is skipped: " + e.what());
      out.emplace_back();
    }
  }
  return out;
}

std::vector<FittedFile> fit_group(const SourceGroup& group, const PrepareOptions& options,
                                  const mesh::FaceModel& model, GroupLoop* loop, Worker* worker) {
  std::vector<std::optional<Analysis>> analyses = analyse_group(group, options, loop, worker);
  std::vector<FittedFile> out;
  for (std::size_t i = 0; i < analyses.size(); ++i) {
    if (!analyses[i]) continue;
    if (analyses[i]->tracks.tracks.empty())
      loop->skip(group.files[i].path.string() + " is skipped: it shows no face");
    else
      out.push_back({&group.files[i], std::move(*analyses[i]), {}});
  }
  if (out.empty()) return out;
  std::vector<const Analysis*> pointers;
  pointers.reserve(out.size());
  for (const FittedFile& file : out) pointers.push_back(&file.analysis);
  std::vector<FittedFace> faces = fit_together(pointers, model);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].face = std::move(faces[i]);
  return out;
}

}  // namespace resyncer::pipeline
