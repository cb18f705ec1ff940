#include "resyncer/pipeline/cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"
#include "talking_video.h"

namespace resyncer::pipeline {
namespace {

namespace fs = std::filesystem;
using support::ScratchFolder;

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

void expect_equal(const Analysis& a, const Analysis& b) {
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.height, b.height);
  EXPECT_TRUE(a.time_base == b.time_base);
  EXPECT_EQ(a.pts, b.pts);
  EXPECT_EQ(a.tracks.frame_count, b.tracks.frame_count);
  EXPECT_EQ(a.tracks.shot_starts, b.tracks.shot_starts);
  ASSERT_EQ(a.tracks.tracks.size(), b.tracks.tracks.size());
  for (std::size_t t = 0; t < a.tracks.tracks.size(); ++t) {
    const auto &x = a.tracks.tracks[t], &y = b.tracks.tracks[t];
    EXPECT_EQ(x.id, y.id);
    EXPECT_EQ(x.shot, y.shot);
    EXPECT_EQ(x.first_frame, y.first_frame);
    ASSERT_EQ(x.frames.size(), y.frames.size());
    ASSERT_EQ(x.raw.size(), y.raw.size());
    EXPECT_EQ(x.covered, y.covered);
    for (std::size_t i = 0; i < x.frames.size(); ++i) {
      ASSERT_EQ(x.frames[i].has_value(), y.frames[i].has_value());
      if (!x.frames[i]) continue;
      EXPECT_EQ(x.frames[i]->landmarks, y.frames[i]->landmarks);
      EXPECT_EQ(x.raw[i]->score, y.raw[i]->score);
      EXPECT_EQ(x.raw[i]->box.right, y.raw[i]->box.right);
    }
  }
  ASSERT_EQ(a.bank.size(), b.bank.size());
  for (std::size_t e = 0; e < a.bank.size(); ++e) {
    EXPECT_EQ(a.bank[e].frame, b.bank[e].frame);
    EXPECT_EQ(a.bank[e].image.data, b.bank[e].image.data);
    EXPECT_EQ(a.bank[e].landmarks, b.bank[e].landmarks);
    EXPECT_EQ(a.bank[e].origin, b.bank[e].origin);
    EXPECT_EQ(a.bank[e].scale, b.bank[e].scale);
    EXPECT_EQ(a.bank[e].sharpness, b.bank[e].sharpness);
  }
}

TEST(AnalysisFile, IsReadBackAsWritten) {
  ScratchFolder folder;
  Analysis a = testing::schematic_analysis();
  save_analysis(a, folder / "a.safetensors");
  expect_equal(a, load_analysis(folder / "a.safetensors"));
}

TEST(AnalysisFile, VideoWithoutFacesIsKeptToo) {
  ScratchFolder folder;
  Analysis a = testing::schematic_analysis();
  a.tracks.tracks.clear();
  a.bank.clear();
  save_analysis(a, folder / "a.safetensors");
  expect_equal(a, load_analysis(folder / "a.safetensors"));
}

// Whatever is done to the bytes: a good analysis or Error{input}, never a crash.
TEST(AnalysisFile, DamageIsRefused) {
  ScratchFolder folder;
  fs::path path = folder / "a.safetensors";
  save_analysis(testing::schematic_analysis(), path);
  const std::string good = content(path);
  std::mt19937 random(1);
  for (int round = 0; round < 400; ++round) {
    std::string bad = good;
    if (round % 4 == 0)
      bad.resize(random() % good.size());
    else
      for (int k = 0; k < 1 + round % 8; ++k) bad[random() % bad.size()] = char(random());
    write(path, bad);
    try {
      Analysis a = load_analysis(path);
      EXPECT_EQ(a.tracks.frame_count, a.frame_count());
      for (const track::FaceTrack& face : a.tracks.tracks)
        EXPECT_LE(face.first_frame + std::int64_t(face.frames.size()), a.frame_count());
      for (const BankFrame& entry : a.bank) EXPECT_LT(entry.frame, a.frame_count());
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), core::ErrorKind::input);
    }
  }
}

TEST(AnalysisFile, IndicesOutsideTheVideoAreRefused) {
  ScratchFolder folder;
  auto refused = [&](const Analysis& a) {
    save_analysis(a, folder / "a.safetensors");
    EXPECT_THROW(load_analysis(folder / "a.safetensors"), core::Error);
  };
  Analysis a = testing::schematic_analysis();
  a.tracks.tracks[1].first_frame = 7;
  refused(a);
  a = testing::schematic_analysis();
  a.bank[0].frame = 10;
  refused(a);
  a = testing::schematic_analysis();
  a.tracks.shot_starts = {0, 10};
  refused(a);
  a = testing::schematic_analysis();
  a.tracks.tracks[0].frames[0]->landmarks[5].x() = NAN;
  refused(a);
}

TEST(Cache, SecondTimeComesFromTheFileAndDamageIsRepaired) {
  ScratchFolder folder;
  fs::path video = folder / "moving.y4m";
  testing::write_moving_portrait(video, 4, 2);
  CacheOptions cache;
  cache.folder = folder / "made/here";
  bool cached = true;
  Analysis first = analyse_cached(video, {}, cache, {}, &cached);
  EXPECT_FALSE(cached);
  Analysis second = analyse_cached(video, {}, cache, {}, &cached);
  EXPECT_TRUE(cached);
  expect_equal(first, second);
  fs::path file = cache.folder / cache_key(video, {});
  ASSERT_TRUE(fs::exists(file));
  write(file, "damaged");
  expect_equal(first, analyse_cached(video, {}, cache, {}, &cached));
  EXPECT_FALSE(cached);
  analyse_cached(video, {}, cache, {}, &cached);
  EXPECT_TRUE(cached);
}

TEST(Cache, KeyDependsOnContentAndOptionsButNotOnTheName) {
  ScratchFolder folder;
  write(folder / "a", "one");
  write(folder / "b", "one");
  write(folder / "c", "two");
  AnalysisOptions options, no_bank, threads;
  no_bank.bank = false;
  threads.threads = 1;
  EXPECT_EQ(cache_key(folder / "a", options), cache_key(folder / "b", options));
  EXPECT_EQ(cache_key(folder / "a", options), cache_key(folder / "a", threads));
  EXPECT_NE(cache_key(folder / "a", options), cache_key(folder / "c", options));
  EXPECT_NE(cache_key(folder / "a", options), cache_key(folder / "a", no_bank));
}

TEST(Cache, FolderThatCannotBeWrittenIsNoError) {
  ScratchFolder folder;
  write(folder / "file", "in the way");
  CacheOptions cache;
  cache.folder = folder / "file/below";
  bool cached = true;
  EXPECT_EQ(analyse_cached(testing::portrait(), {}, cache, {}, &cached).frame_count(), 1);
  EXPECT_FALSE(cached);
}

TEST(Cache, LongestUnusedGoFirstAndOthersFilesStay) {
  ScratchFolder folder;
  fs::path old = folder / "old.analysis.safetensors", fresh = folder / "fresh.analysis.safetensors",
           foreign = folder / "thesis.txt";
  write(old, std::string(40000, 'x'));
  write(fresh, std::string(40000, 'x'));
  write(foreign, std::string(900000, 'x'));
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  fs::last_write_time(fresh, fs::file_time_type::clock::now() - std::chrono::hours(1));
  CacheOptions cache;
  cache.folder = folder.path();
  AnalysisOptions options;
  options.bank = false;
  analyse_cached(testing::portrait(), options, cache);
  fs::path made = folder / cache_key(testing::portrait(), options);
  cache.max_bytes = 40000 + fs::file_size(made) + 10;
  fs::remove(made);
  analyse_cached(testing::portrait(), options, cache);
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(fresh));
  EXPECT_TRUE(fs::exists(made));
  EXPECT_TRUE(fs::exists(foreign));
}

TEST(Cache, DefaultFolderFollowsTheStandard) {
  std::string before = std::getenv("XDG_CACHE_HOME") != nullptr ? std::getenv("XDG_CACHE_HOME") : "";
  ::setenv("XDG_CACHE_HOME", "/somewhere", 1);
  EXPECT_EQ(default_cache_folder(), "/somewhere/resyncer");
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_NE(default_cache_folder(), "relative/resyncer");
  if (before.empty())
    ::unsetenv("XDG_CACHE_HOME");
  else
    ::setenv("XDG_CACHE_HOME", before.c_str(), 1);
}

}  // namespace
}  // namespace resyncer::pipeline
