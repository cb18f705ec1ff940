// A render that is killed and started again.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class Resume : public ::testing::Test {
 protected:
  std::vector<std::string> command(const std::string& out) {
    return {"render",   video,     "-a",
            speech,     "-o",      out,
            "-q",       "-y",      "--deterministic",
            "--resume", "--stats", scratch.file("stats.json")};
  }
  fs::path unfinished() { return scratch.file("cache/resyncer/unfinished"); }
  std::uintmax_t kept_bytes() {
    std::uintmax_t bytes = 0;
    std::error_code error;
    for (fs::directory_iterator it(unfinished(), error), end; !error && it != end; it.increment(error))
      bytes += it->file_size(error);
    return bytes;
  }
  // Starts the render and kills it when so many bytes of painted squares are kept.
  void killed(const std::string& out, std::uintmax_t when) {
    const pid_t child = fork();
    if (child == 0) {
      std::vector<std::string> words = command(out);
      words.insert(words.begin(), RESYNCER_BINARY_DIR "/bin/resyncer");
      std::vector<char*> argv;
      for (std::string& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      setenv("XDG_CACHE_HOME", scratch.file("cache").c_str(), 1);
      execv(argv[0], argv.data());
      _exit(127);
    }
    while (kept_bytes() < when) {
      ASSERT_EQ(waitpid(child, nullptr, WNOHANG), 0) << "it ended before it could be killed";
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  RunResult render(const std::string& out) {
    return resyncer(command(out), {"XDG_CACHE_HOME=" + scratch.file("cache")});
  }
  int resumed_frames() {
    return nlohmann::json::parse(bytes_of(scratch.file("stats.json")))["resumed_frames"];
  }

  ScratchFolder scratch;
  std::string video = make_portrait_clip(scratch, "v.mp4", 1.4), speech = make_speech(scratch, "s.wav");
};

TEST_F(Resume, AKilledRenderGoesOnAndEndsInTheSameBytes) {
  const std::string whole = scratch.file("whole.mp4"), out = scratch.file("out.mp4");
  ASSERT_EQ(render(whole).status, 0);
  EXPECT_EQ(resumed_frames(), 0);
  EXPECT_EQ(kept_bytes(), 0U) << "nothing is left of a render that came to its end";
  killed(out, 40'000);
  EXPECT_FALSE(fs::exists(out));
  killed(out, 160'000);
  RunResult result = render(out);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_GT(resumed_frames(), 5);
  EXPECT_TRUE(bytes_of(out) == bytes_of(whole));
  EXPECT_EQ(kept_bytes(), 0U);
}

TEST_F(Resume, OtherSpeechUnderTheSameNameStartsAnew) {
  const std::string out = scratch.file("out.mp4");
  killed(out, 40'000);
  ASSERT_EQ(run({"espeak-ng", "-w", speech, "Something else altogether"}).status, 0);
  ASSERT_EQ(render(out).status, 0);
  EXPECT_EQ(resumed_frames(), 0);
}

}  // namespace
}  // namespace resyncer::testing
