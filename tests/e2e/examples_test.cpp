// What the manual shows, runs: every sh block of its pages, in a folder with the files that the page names.
// Blocks that name a file after their language (```csv season.csv) are written into it first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

namespace fs = std::filesystem;
const fs::path kDocs = fs::path(RESYNCER_SOURCE_DIR) / "docs";

struct Block {
  std::string language, file;  // of the line that opens it: ```language file
  std::string text;
};

std::vector<Block> blocks_of(const fs::path& page) {
  std::ifstream stream(page);
  std::vector<Block> blocks;
  bool inside = false;
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("```", 0) != 0) {
      if (inside) blocks.back().text += line + "\n";
      continue;
    }
    inside = !inside;
    if (!inside) continue;
    std::istringstream words(line.substr(3));
    words >> blocks.emplace_back().language >> blocks.back().file;
  }
  return blocks;
}

std::vector<std::string> pages() {
  std::vector<std::string> names{"ci", "configuration", "control", "speakers", "styles"};
  for (const auto& entry : fs::directory_iterator(kDocs / "commands"))
    names.push_back("commands/" + entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

// How the files that examples name come about; those further down are made of those above.
struct Recipe {
  std::string file, commands;
};
const std::vector<Recipe> kRecipes = {
    {"portrait.png", "cp \"$SOURCE/tests/data/astronaut.png\" portrait.png"},
    {"maria.jpg", "ffmpeg -v error -i \"$SOURCE/tests/data/astronaut.png\" -q:v 2 maria.jpg"},
    {"german.wav", "espeak-ng -v de -w german.wav 'Guten Tag'"},
    {"de.wav", "espeak-ng -v de -w de.wav 'Guten Tag'"},
    {"anna1.wav", "cp german.wav anna1.wav; cp german.wav ben.wav; cp german.wav mix_de.wav"},
    {"mix.wav", "ffmpeg -v error -i german.wav -af tremolo mix.wav"},
    {"e01", "cp talk.mp4 e01.mp4; cp german.wav e01_de.wav; cp german.wav e01_fr.wav"},
    {"interview.mp4", "resyncer render talk.mp4 -a german.wav -o interview.mp4"},
    {"out.mp4", "resyncer render talk.mp4 -a german.wav -o out.mp4"},
    {"old.mkv", "resyncer render talk.mp4 -a german.wav -o old.mkv; cp old.mkv new.mkv"},
    {"old.json",
     "resyncer eval old.mkv -a german.wav --source talk.mp4 --json old.json; cp old.json new.json"},
    {"clips", "mkdir -p clips; cp talk.mp4 clips/"},
    {"tests/golden",
     "mkdir -p tests/golden/clips; cp talk.mp4 tests/golden/clips/anna.mp4; cp german.wav "
     "tests/golden/clips/"},
    {"code=$?",  // a check of what was recorded earlier
     "printf '[[case]]\\nvideo = \"clips/anna.mp4\"\\nspeech = \"clips/german.wav\"\\n' > "
     "tests/golden/golden.toml;"
     "resyncer golden record tests/golden"},
    {"corrected.pc2", "resyncer render talk.mp4 -a de.wav -o m.mp4 --motion-out corrected.pc2"},
    {"~/.zfunc", "mkdir -p ~/.zfunc ~/.config/fish/completions"},
    {"pages", "mkdir pages"},
};

class Example : public ::testing::TestWithParam<std::string> {
 protected:
  // As in a shell with the program installed. Quick: small footage, no network, few steps.
  RunResult shell(const std::string& script) const {
    const std::string folder = scratch.path().string();
    const bool needs_network = script.find("--person") != std::string::npos;
    return run({"bash", "-c", "cd \"$0\" && PATH=$0/bin:$BIN:$PATH && set -exuo pipefail\n" + script, folder},
               {"SOURCE=" RESYNCER_SOURCE_DIR, "RESYNCER_MODELS=" RESYNCER_SOURCE_DIR "/models",
                "HOME=" + folder, "BIN=" RESYNCER_BINARY_DIR "/bin", "XDG_CACHE_HOME=" + folder + "/cache",
                "XDG_CONFIG_HOME=" + folder + "/.config",
                std::string("RESYNCER_RENDER_RENDERER=") + (needs_network ? "network" : "warp"),
                "RESYNCER_RENDER_YES=true", "RESYNCER_PERSONALIZE_STEPS=2", "RESYNCER_TRAIN_SPEECH_STEPS=2"});
  }
  void expect_runs(const std::string& script) const {
    const RunResult result = shell(script);
    EXPECT_EQ(result.status, 0) << script << result.err;
  }
  // Screens and encoders that a test machine lacks.
  void stand_in(const std::string& program, const std::string& script) const {
    fs::create_directories(scratch / "bin");
    std::ofstream(scratch / ("bin/" + program)) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(scratch / ("bin/" + program), fs::perms::owner_all);
  }

  ScratchFolder scratch;
};

TEST_P(Example, OfTheManualRuns) {
  const std::vector<Block> blocks = blocks_of(kDocs / (GetParam() + ".md"));
  std::string all;
  for (const Block& block : blocks) {
    all += block.language == "sh" ? block.text : "";
    all += block.file;
    if (block.file.empty()) continue;
    fs::create_directories((scratch / block.file).parent_path());
    std::ofstream(scratch / block.file) << block.text;
  }
  ASSERT_THAT(all, ::testing::HasSubstr("resyncer ")) << "a page without an example";
  stand_in("ffplay", "exec ffmpeg -v error -i - -f null -");
  stand_in("x265", "exec ffmpeg -v error -y -i - -f null -");
  stand_in("man", "grep -q '^.SH SYNOPSIS'");
  if (all.find("--speaker") != std::string::npos) {  // two people, and long enough for both turns
    make_portrait_clip(scratch, "one.mp4", 14, "4");
    expect_runs("ffmpeg -v error -i one.mp4 -vf 'split[a][b];[a][b]hstack' silent.mp4 </dev/null");
  } else {
    const bool is_long =
        all.find("interview.mp4") != std::string::npos || all.find("--range") != std::string::npos;
    make_portrait_clip(scratch, "silent.mp4", is_long ? 1.6 : 0.8);
  }
  expect_runs("ffmpeg -v error -i silent.mp4 -f lavfi -i sine=200 -shortest -c:v copy talk.mp4 </dev/null");
  for (const Recipe& recipe : kRecipes)
    if (all.find(recipe.file) != std::string::npos || recipe.file == "german.wav")
      expect_runs(recipe.commands + " </dev/null");
  for (const Block& block : blocks)
    if (block.language == "sh") expect_runs(block.text);
}

INSTANTIATE_TEST_SUITE_P(Page, Example, ::testing::ValuesIn(pages()), [](const auto& page) {
  std::string name = page.param.substr(page.param.find('/') + 1);
  return name;
});

}  // namespace
}  // namespace resyncer::testing
