// `resyncer batch` on the real binary: many jobs, broken ones among them, killed and taken up again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Batch : public ::testing::Test {
 protected:
  Batch() {
    make_portrait_clip(scratch, "a.mp4", 0.4);
    make_portrait_clip(scratch, "b.mkv", 0.6, "24");
    run({"espeak-ng", "-v", "de", "-w", scratch.file("de.wav"), "Guten Morgen."});
    run({"espeak-ng", "-v", "fr", "-w", scratch.file("fr.wav"), "Bonjour maman."});
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(scratch.file(name), std::ios::binary) << text;
  }
  static std::string contents(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::vector<std::string> cache() const { return {"XDG_CACHE_HOME=" + scratch.file("cache")}; }
  RunResult batch(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "batch");
    return resyncer(arguments, cache());
  }
  json report(const std::string& name = "r.json") const { return json::parse(contents(scratch / name)); }
  // Every file in a folder with its bytes, but the journal.
  static std::map<std::string, std::string> files(const fs::path& folder) {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file() && entry.path().filename() != ".resyncer-journal.jsonl")
        found[fs::relative(entry.path(), folder).string()] = contents(entry.path());
    return found;
  }
  static constexpr const char* kTwo = "video,speech,renderer\na.mp4,de.wav,warp\nb.mkv,fr.wav,warp\n";
  static constexpr const char* kFour =
      "video,speech,renderer,deterministic\n"
      "a.mp4,de.wav,warp,true\na.mp4,fr.wav,warp,true\nb.mkv,de.wav,warp,true\nb.mkv,fr.wav,warp,true\n";
  ScratchFolder scratch;
};

TEST_F(Batch, BrokenRowsFailAloneAndWhatIsDoneIsNotDoneAgain) {
  write("broken.mp4", std::string(3000, 'x'));
  write("m.csv",
        std::string(kFour) +
            "broken.mp4,de.wav,warp,true\nnone.mp4,de.wav,warp,true\na.mp4,de.wav,warp,maybe\nb.mkv\n");
  const std::vector<std::string> arguments = {scratch.file("m.csv"),
                                              "-o",
                                              scratch.file("out"),
                                              "--report",
                                              scratch.file("r.json"),
                                              "--junit",
                                              scratch.file("r.xml"),
                                              "--jobs",
                                              "2"};
  RunResult first = batch(arguments);
  EXPECT_EQ(first.status, 9) << first.err;
  EXPECT_THAT(first.out, HasSubstr("4 rendered, 0 unchanged, 4 failed, 0 not run"));
  for (const char* name : {"a_de.mp4", "a_fr.mp4", "b_de.mkv", "b_fr.mkv"})
    EXPECT_EQ(decode_errors(scratch.file(std::string("out/") + name)), "");
  EXPECT_EQ(files(scratch / "out").size(), 8U);  // each with its provenance
  std::map<int, std::string> kinds;
  const json told = report();
  for (const json& job : told["jobs"])
    if (job["state"] == "failed") kinds[job["row"]] = job["kind"];
  EXPECT_EQ(kinds, (std::map<int, std::string>{{5, "input"}, {6, "input"}, {7, "usage"}, {8, "usage"}}));
  EXPECT_THAT(told["jobs"][4]["message"].get<std::string>(), HasSubstr("broken.mp4"));
  EXPECT_THAT(contents(scratch / "r.xml"), HasSubstr("tests=\"8\" failures=\"4\""));
  EXPECT_EQ(
      run({"python3", "-c", "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])", scratch.file("r.xml")})
          .status,
      0);

  EXPECT_EQ(batch(arguments).status, 9);
  EXPECT_EQ(report()["unchanged"], 4);
  EXPECT_EQ(report()["rendered"], 0);
  ASSERT_TRUE(told["jobs"][0].contains("warnings"));  // the speech is longer than the video
  EXPECT_EQ(report()["jobs"][0]["warnings"], told["jobs"][0]["warnings"]);

  run({"espeak-ng", "-v", "fr", "-w", scratch.file("fr.wav"), "Bonsoir papa."});
  fs::remove(scratch / "out/b_de.mkv.provenance.json");
  batch(arguments);
  EXPECT_EQ(report()["unchanged"], 1);
  EXPECT_EQ(report()["rendered"], 3);
}

TEST_F(Batch, OneVideoInManyLanguagesIsAnalysedOnce) {
  std::string manifest = "[defaults]\nvideo = \"a.mp4\"\nrenderer = \"warp\"\n";
  for (const char* row : {"1", "2", "3"})
    manifest += std::string("[[job]]\nspeech = \"de.wav\"\noutput = \"{video}-{row}.mp4\"\nstats = \"") +
                row + ".json\"\n";
  write("m.toml", manifest);
  RunResult result = batch({scratch.file("m.toml"), "--jobs", "3"});
  ASSERT_EQ(result.status, 0) << result.err;
  int analysed = 0;
  for (const char* row : {"1.json", "2.json", "3.json"})
    analysed += !report(row)["analysis_cached"].get<bool>();
  EXPECT_EQ(analysed, 1);
}

TEST_F(Batch, RendersOfOneVideoAtOnceShareTheirAnalysis) {
  std::vector<int> renders;
  for (const char* name : {"1", "2", "3"})
    renders.push_back(support::start_resyncer(
        {"render", scratch.file("b.mkv"), "-a", scratch.file("de.wav"), "--renderer", "warp", "-o",
         scratch.file(std::string(name) + ".mkv"), "--stats", scratch.file(std::string(name) + ".json")},
        cache()));
  for (int render : renders) EXPECT_EQ(support::wait_for_end(render), 0);
  int analysed = 0;
  for (const char* row : {"1.json", "2.json", "3.json"})
    analysed += !report(row)["analysis_cached"].get<bool>();
  EXPECT_EQ(analysed, 1);
}

TEST_F(Batch, KilledAtAnyMomentAndTakenUpAgainGivesTheSameFiles) {
  write("m.csv", kFour);
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(batch({scratch.file("m.csv"), "-o", scratch.file("whole"), "--jobs", "2"}).status, 0);
  const auto whole = std::chrono::steady_clock::now() - begin;
  fs::remove_all(scratch / "cache");
  const std::vector<std::string> arguments = {
      "batch", scratch.file("m.csv"), "-o", scratch.file("out"), "--jobs", "2"};
  std::mt19937 random(11);
  for (int kill = 0; kill < 4; ++kill) {
    const int process = support::start_resyncer(arguments, cache());
    std::this_thread::sleep_for(whole / 1000 * (50 + int(random() % 500)));
    ::kill(process, SIGKILL);
    support::wait_for_end(process);
  }
  RunResult last = resyncer(arguments, cache());
  EXPECT_EQ(last.status, 0) << last.err;
  EXPECT_EQ(files(scratch / "out"), files(scratch / "whole"));
  EXPECT_THAT(ScratchFolder().names(), ::testing::IsEmpty());
  for (const auto& entry : fs::recursive_directory_iterator(scratch / "cache"))
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("partial")));
}

TEST_F(Batch, TwoAtOnceDoEachJobOnce) {
  write("m.csv", kTwo);
  auto arguments = [&](const std::string& report) {
    return std::vector<std::string>{"batch",    scratch.file("m.csv"), "-o", scratch.file("out"),
                                    "--report", scratch.file(report)};
  };
  const int other = support::start_resyncer(arguments("other.json"), cache());
  RunResult one = resyncer(arguments("r.json"), cache());
  EXPECT_EQ(one.status, 0) << one.err;
  EXPECT_EQ(support::wait_for_end(other), 0);
  EXPECT_EQ(report()["rendered"].get<int>() + report("other.json")["rendered"].get<int>(), 2);
  EXPECT_EQ(files(scratch / "out").size(), 4U);
}

TEST_F(Batch, ASignalEndsAllAndLeavesNothingHalfWritten) {
  write("m.csv", kFour);
  const std::vector<std::string> arguments = {
      "batch",    scratch.file("m.csv"),  "-o",     scratch.file("out"),
      "--report", scratch.file("r.json"), "--jobs", "2"};
  const int process = support::start_resyncer(arguments, cache());
  const auto begun = [&] {
    return contents(scratch / "out/.resyncer-journal.jsonl").find("begin") != std::string::npos;
  };
  for (int i = 0; i < 3000 && !begun(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ::kill(process, SIGTERM);
  EXPECT_EQ(support::wait_for_end(process), 143);
  for (const auto& [name, bytes] : files(scratch / "out")) EXPECT_THAT(name, Not(HasSubstr("partial")));
  EXPECT_EQ(report()["rows"], 4);
  EXPECT_GT(report()["not_run"].get<int>(), 0);
}

TEST_F(Batch, ShardsAreOneRunInPieces) {
  write("m.csv", std::string(kFour) + "none.mp4,de.wav,warp,true\n");
  std::vector<std::string> merge = {"merge", "--report", scratch.file("all.json"), "--journal",
                                    scratch.file("out/.resyncer-journal.jsonl")};
  for (const char* shard : {"1/2", "2/2"}) {
    const std::string file = scratch.file(std::string("r") + shard[0] + ".json");
    RunResult result =
        batch({scratch.file("m.csv"), "-o", scratch.file("out"), "--shard", shard, "--report", file});
    EXPECT_TRUE(result.status == 0 || result.status == 9) << result.err;
    merge.push_back(file);
  }
  EXPECT_EQ(report("r1.json")["jobs"].size() + report("r2.json")["jobs"].size(), 5U);
  EXPECT_EQ(batch(merge).status, 9);
  EXPECT_EQ(report("all.json")["rendered"], 4);
  EXPECT_EQ(report("all.json")["failed"], 1);
  for (int shard : {1, 2})
    fs::remove(scratch / ("out/.resyncer-journal." + std::to_string(shard) + "-of-2.jsonl"));
  batch({scratch.file("m.csv"), "-o", scratch.file("out"), "--report", scratch.file("r.json")});
  EXPECT_EQ(report()["unchanged"], 4);  // known from the merged journal
  merge.pop_back();
  EXPECT_THAT(batch(merge).err, HasSubstr("no report tells of row"));
}

TEST_F(Batch, SparesForeignFilesAndSaysWhatItWouldDo) {
  write("a_de.mp4", "mine");
  write("m.jsonl", "{\"video\": \"a.mp4\", \"speech\": \"de.wav\", \"renderer\": \"warp\"}\n");
  RunResult refused = batch({scratch.file("m.jsonl")});
  EXPECT_EQ(refused.status, 9);
  EXPECT_THAT(refused.err, HasSubstr("exists already; pass -y"));
  EXPECT_EQ(contents(scratch / "a_de.mp4"), "mine");
  const json plan = json::parse(batch({scratch.file("m.jsonl"), "--list", "--json"}).out);
  EXPECT_EQ(plan[0]["plan"], "fail");
  EXPECT_THAT(batch({scratch.file("m.jsonl"), "--list", "-y"}).out, HasSubstr("run"));
  EXPECT_EQ(batch({scratch.file("m.jsonl"), "-y"}).status, 0);
  EXPECT_EQ(decode_errors(scratch.file("a_de.mp4")), "");
  EXPECT_THAT(batch({scratch.file("m.jsonl"), "--dry-run"}).out, HasSubstr("unchanged"));
}

TEST_F(Batch, MemoryAndFirstFailureCanBoundIt) {
  write("m.csv", "video,speech\na.mp4,none.wav\nb.mkv,de.wav\n");
  RunResult fast = batch({scratch.file("m.csv"), "--fail-fast"});
  EXPECT_EQ(fast.status, 9);
  EXPECT_THAT(fast.out, HasSubstr("0 rendered, 0 unchanged, 1 failed, 1 not run"));
  RunResult small = batch({scratch.file("m.csv"), "--max-memory", "50M"});
  EXPECT_THAT(small.err, HasSubstr("more than --max-memory allows"));
}

TEST_F(Batch, WhatIsNoManifestIsExitCode2) {
  write("empty.csv", "");
  write("bad.toml", "[[job]\n");
  for (const char* name : {"empty.csv", "bad.toml", "none.csv", "."}) {
    RunResult result = batch({scratch.file(name)});
    EXPECT_EQ(result.status, 2) << name << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
  EXPECT_EQ(batch({}).status, 2);
  EXPECT_EQ(batch({"-", "--shard", "3/2"}).status, 2);
}

}  // namespace
}  // namespace resyncer::testing
