// Analyses (and persons, see personalize.h) kept on disk by the content of the video, one safetensors file
// each. A cache is never needed and never an error: what cannot be read is made again, what cannot be written
// is not kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "resyncer/core/keyed_lock.h"
#include "resyncer/pipeline/analysis.h"

namespace resyncer::pipeline {

struct CacheOptions {
  std::filesystem::path folder;  // empty = no cache; it is made when missing
  // Of all its files; the longest unused go first. By default 2 GB, or a tenth of what its disk would have
  // free without it where that is more: a season's analyses are to last a night.
  std::optional<std::uint64_t> max_bytes;
};

// $XDG_CACHE_HOME/resyncer or ~/.cache/resyncer; empty when neither is known.
std::filesystem::path default_cache_folder();

// File name of an analysis: SHA-256 over the whole content, the analysis version and the options that matter.
// Throws Error{input} when the video cannot be read.
std::string cache_key(const std::filesystem::path& video, const AnalysisOptions& options);

// Throws Error{output}.
void save_analysis(const Analysis& analysis, const std::filesystem::path& path);
// Throws Error{input} on anything that is not a whole and consistent analysis.
Analysis load_analysis(const std::filesystem::path& path);

// The cached analysis, or a new one which is then kept. `from_cache`, if given, tells which.
Analysis analyse_cached(const std::filesystem::path& video, const AnalysisOptions& options,
                        const CacheOptions& cache, const ProgressSink& progress = {},
                        bool* from_cache = nullptr);

constexpr const char* kAnalysisSuffix = ".analysis.safetensors";
constexpr const char* kPersonSuffix = ".person.safetensors";
// Held while a file of the cache is looked for and, if need be, made: two processes that want the same one
// make it once. What a killed process left of it is removed.
core::KeyedLock lock_in_cache(const std::filesystem::path& file);
// Says that a file of the cache has been used now.
void mark_used(const std::filesystem::path& file);
// Removes the longest unused files of the two kinds until the rest fits.
void limit_size(const CacheOptions& cache);

}  // namespace resyncer::pipeline
