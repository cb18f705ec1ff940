// The examples of docs/cluster.md on a cluster of this machine alone.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"
#include "resyncer/core/temporary_folder.h"

namespace resyncer::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBinary = RESYNCER_BINARY_DIR "/bin/resyncer";
constexpr const char* kScripts = RESYNCER_SOURCE_DIR "/scripts/cluster/";

bool installed(const std::string& program) { return run({"sh", "-c", "command -v " + program}).status == 0; }

// Three videos of different lengths, two languages: six jobs.
class Cluster : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 3; ++i) make_portrait_clip(scratch, "v" + std::to_string(i) + ".mp4", 0.4 + 0.2 * i);
    make_speech(scratch, "en.wav");
    make_speech(scratch, "de.wav");
    fs::create_directory(scratch.file("out"));
    std::ofstream manifest(scratch.file("season.csv"));
    manifest << "video,speech,output,renderer\n";
    for (const std::string& job : jobs())
      manifest << job.substr(0, 2) << ".mp4," << job.substr(3) << ".wav,out/" << job << ".mkv,warp\n";
  }
  static std::vector<std::string> jobs() {
    std::vector<std::string> all;
    for (const char* video : {"v0", "v1", "v2"})
      for (const char* language : {"en", "de"}) all.push_back(std::string(video) + '_' + language);
    return all;
  }
  std::string rendered() {
    std::string missing;
    for (const std::string& job : jobs()) {
      const std::string file = scratch.file("out/" + job + ".mkv");
      if (!fs::exists(file) || !decode_errors(file).empty()) missing += job + ' ';
    }
    return missing.empty() ? "all" : "without " + missing;
  }
  std::vector<std::string> environment(std::vector<std::string> more = {}) {
    more.push_back("XDG_CACHE_HOME=" + scratch.file("cache"));
    more.push_back(std::string("RESYNCER=") + kBinary);
    return more;
  }

  ScratchFolder scratch;
};

// Down with the test, whatever becomes of it. Its configuration takes no blanks in paths.
struct Slurm {
  Slurm() { started = script("start"); }
  ~Slurm() { script("stop"); }
  RunResult script(const std::string& action) const {
    return run({RESYNCER_SOURCE_DIR "/tests/e2e/slurm_localhost.sh", action, folder});
  }
  core::TemporaryFolder temporary;
  std::string folder = temporary.path().string();
  RunResult started;
};

TEST_F(Cluster, FourShardsOfASlurmArrayAreTheUnionOfOneRun) {
  if (!installed("slurmctld") || !installed("slurmd")) GTEST_SKIP() << "slurm-wlm is not installed";
  const Slurm slurm;
  ASSERT_EQ(slurm.started.status, 0) << slurm.started.err;
  const std::string manifest = scratch.file("season.csv");
  RunResult result =
      run({"sbatch", "--wait", "--array=1-4", "--cpus-per-task=1", "--output", scratch.file("slurm-%a.out"),
           "--chdir", scratch.file(""), std::string(kScripts) + "array.sbatch", manifest},
          environment({"SLURM_CONF=" + slurm.folder + "/slurm.conf"}));
  std::string said;
  for (int i = 1; i <= 4; ++i) {
    std::ifstream stream(scratch.file("slurm-" + std::to_string(i) + ".out"));
    said.append(std::istreambuf_iterator<char>(stream), {});
  }
  ASSERT_EQ(result.status, 0) << result.err << said;
  EXPECT_EQ(rendered(), "all");

  std::map<std::string, int> times;  // how often each job was done
  std::vector<std::string> merge{"batch", "merge", "--json"};
  for (int i = 1; i <= 4; ++i) {
    merge.push_back(manifest + ".report-" + std::to_string(i) + ".json");
    std::ifstream stream(merge.back());
    const auto report = nlohmann::json::parse(stream);
    for (const auto& job : report["jobs"]) ++times[job["output"].get<std::string>()];
  }
  EXPECT_EQ(times.size(), 6U);
  for (const auto& [output, count] : times) EXPECT_EQ(count, 1) << output;
  RunResult merged = resyncer(merge);
  ASSERT_EQ(merged.status, 0) << merged.err;
  EXPECT_EQ(nlohmann::json::parse(merged.out)["jobs"].size(), 6U);

  // One run over the whole finds nothing left to do.
  RunResult whole = resyncer({"batch", manifest, "--json"}, environment());
  ASSERT_EQ(whole.status, 0) << whole.err;
  const auto report = nlohmann::json::parse(whole.out);
  EXPECT_EQ(report["jobs"].size(), 6U);
  for (const auto& job : report["jobs"]) EXPECT_EQ(job["state"], "unchanged");
}

TEST_F(Cluster, SnakemakeMakesEveryStepOnceAndAgainOnlyWhatIsOutdated) {
  if (!installed("snakemake")) GTEST_SKIP() << "snakemake is not installed";
  std::ofstream(scratch.file("one.csv"))
      << "video,speech,output\nv0.mp4,en.wav,out/en.mkv\nv0.mp4,de.wav,out/de.mkv\n";
  auto snakemake = [&](const std::string& targets) {
    RunResult result =
        run({"snakemake", "-s", std::string(kScripts) + "Snakefile", "--cores", "2", "--directory",
             scratch.file(""), "--config", "manifest=" + scratch.file("one.csv"),
             "work=" + scratch.file("work"), "adapt=0.02", std::string("resyncer=") + kBinary},
            environment());
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.err.find(targets), std::string::npos) << result.err;
  };
  snakemake("5 of 5 steps");  // analyse, adapt, two renders, all
  for (const char* result : {"out/en.mkv", "out/de.mkv"}) EXPECT_EQ(decode_errors(scratch.file(result)), "");
  EXPECT_TRUE(fs::exists(scratch.file("work/analysis/v0.json")));
  EXPECT_TRUE(fs::exists(scratch.file("work/person/v0.safetensors")));
  snakemake("Nothing to be done");
  ASSERT_EQ(run({"espeak-ng", "-w", scratch.file("de.wav"), "Other words"}).status, 0);
  snakemake("2 of 2 steps");  // one render, all
}

}  // namespace
}  // namespace resyncer::testing
