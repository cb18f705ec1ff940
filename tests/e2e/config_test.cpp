// What the environment and files set, seen from outside; doctor; completions; man pages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "support/run.h"
#include "support/scratch_folder.h"

namespace resyncer::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using support::RunResult;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kBinary[] = RESYNCER_BINARY_DIR "/bin/resyncer";
constexpr char kPortrait[] = RESYNCER_SOURCE_DIR "/tests/data/astronaut.png";

class Config : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* folder : {"project/.git", "user/resyncer", "cache"})
      fs::create_directories(scratch / folder);
  }
  void user(const std::string& text) { std::ofstream(scratch / "user/resyncer/config.toml") << text; }
  void project(const std::string& text) { std::ofstream(scratch / "project/resyncer.toml") << text; }
  // In the project's folder.
  RunResult resyncer(const std::vector<std::string>& arguments, std::vector<std::string> environment = {}) {
    std::vector<std::string> command{"env", "-C", scratch.file("project"), kBinary};
    command.insert(command.end(), arguments.begin(), arguments.end());
    environment.push_back("XDG_CONFIG_HOME=" + scratch.file("user"));
    environment.push_back("XDG_CACHE_HOME=" + scratch.file("cache"));
    return support::run(command, environment);
  }
  // Value and origin of an option, as `config show` has it.
  std::pair<std::string, std::string> shown(const std::string& command, const std::string& option,
                                            std::vector<std::string> flags = {},
                                            const std::vector<std::string>& environment = {}) {
    flags.insert(flags.end(), {"config", "show", "--json"});
    const RunResult result = resyncer(flags, environment);
    EXPECT_EQ(result.status, 0) << result.err;
    const json document = json::parse(result.out);
    for (const json& row : document.at("options"))
      if (row.at("command") == command && row.at("option") == option)
        return {row.at("value").is_null() ? "" : row.at("value").get<std::string>(), row.at("origin")};
    return {"", "not there"};
  }
  support::ScratchFolder scratch;
};

using Shown = std::pair<std::string, std::string>;

TEST_F(Config, ShowTellsWhereAValueComesFrom) {
  const std::string user_file = scratch.file("user/resyncer/config.toml");
  EXPECT_EQ(shown("render", "renderer"), Shown("network", "built-in"));
  EXPECT_EQ(shown("render", "crf"), Shown("", "built-in"));
  user("[render]\ncrf = 30\n");
  EXPECT_EQ(shown("render", "crf"), Shown("30", user_file + ":2"));
  project("\n[render]\ncrf = 20\n");
  EXPECT_EQ(shown("render", "crf"), Shown("20", scratch.file("project/resyncer.toml") + ":3"));
  EXPECT_EQ(shown("render", "crf", {}, {"RESYNCER_RENDER_CRF=10"}), Shown("10", "RESYNCER_RENDER_CRF"));
  EXPECT_EQ(shown("", "log-format", {"--log-format", "json"}), Shown("json", "flag"));
  EXPECT_EQ(shown("", "models", {}, {"RESYNCER_MODELS=/m"}), Shown("/m", "RESYNCER_MODELS"));
  EXPECT_EQ(shown("render", "crf", {"--no-config"}), Shown("", "built-in"));
  EXPECT_EQ(shown("render", "renderer", {"--profile", "draft"}).first, "warp");
  EXPECT_EQ(shown("render", "video-codec", {"--profile", "draft", "--profile", "archive"}).first, "ffv1");
  EXPECT_EQ(shown("render", "preset", {"--profile", "draft", "--profile", "archive"}).first, "");
  EXPECT_EQ(shown("render", "deterministic", {}, {"RESYNCER_PROFILE=ci"}).first, "true");
}

TEST_F(Config, PathNamesTheFiles) {
  user("");
  project("");
  const RunResult result = resyncer({"config", "path"});
  EXPECT_THAT(result.out, AllOf(HasSubstr(scratch.file("project/resyncer.toml")),
                                HasSubstr(scratch.file("user/resyncer/config.toml"))));
}

TEST_F(Config, ASettingIsAsGoodAsAFlag) {
  user("[inspect]\njson = true\n");
  const RunResult result = resyncer({"inspect", kPortrait});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(json::parse(result.out).at("faces").size(), 1U);
  EXPECT_THAT(resyncer({"inspect", kPortrait, "--json=false"}).out, HasSubstr("estimated time"));
}

TEST_F(Config, FaultsEndWithTheirPlace) {
  const auto expect = [&](const std::vector<std::string>& what) {
    const RunResult result = resyncer({"render", "in.mp4", "-a", "speech.wav", "-o", "out.mp4"});
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    for (const std::string& part : what) EXPECT_THAT(result.err, HasSubstr(part));
  };
  const std::string user_file = scratch.file("user/resyncer/config.toml");
  user("[render]\ncrf = 99\n");  // a validator's
  expect({"--crf", user_file + ":2"});
  user("[render]\nface = 1\nface-at = '3,3'\n");  // options that exclude each other
  expect({user_file + ":2", user_file + ":3"});
  user("[render]\noffset-ms = 'late'\n");  // found only when the command runs
  expect({"--offset-ms", user_file + ":2"});
  user("[render]\nrenderer = 'warp'\nadapt = 2\n");
  expect({"--adapt", user_file + ":3"});
  user("models = \n");
  expect({user_file + ":1"});
  user("");
  for (const char* option : {"output", "mask-out", "preview", "stats", "motion-out", "consent-note"}) {
    project("[render]\n" + std::string(option) + " = 'x'\n");
    expect({"a project may not set '" + std::string(option) + "'", scratch.file("project/resyncer.toml:2")});
  }
  for (const char* option : {"yes", "no-provenance"}) {
    project("[render]\n" + std::string(option) + " = true\n");
    expect({"a project may not set '" + std::string(option) + "'"});
  }
  project("progress = 'x'\n");
  expect({"a project may not set 'progress'"});
  project("[compare]\nhtml = 'x'\n");
  expect({"a project may not set 'html'"});
}

// The value on the line is the user's last word, whatever it excludes.
TEST_F(Config, AFlagOverridesWhatItExcludes) {
  user("[render]\nface = 1\nyes = true\n");
  const RunResult result =
      resyncer({"render", "in.mp4", "-a", "speech.wav", "-o", "out.mp4", "--face-at", "3,3", "-n"});
  EXPECT_EQ(result.status, 3) << result.err;  // in.mp4 is not there
}

TEST_F(Config, HelpDoesNotDependOnFiles) {
  project("nonsense");
  EXPECT_EQ(resyncer({"--help"}).status, 0);
  EXPECT_EQ(resyncer({"render", "--help"}).status, 0);
  EXPECT_EQ(resyncer({"completion", "bash"}).status, 0);
  EXPECT_EQ(resyncer({"config", "path"}).status, 0);
  EXPECT_EQ(resyncer({"config", "show"}).status, 2);
}

TEST_F(Config, DoctorFindsThisMachineFit) {
  const RunResult result = resyncer({"doctor", "--json"});
  EXPECT_EQ(result.status, 0) << result.err;
  std::set<std::string> subjects;
  const json document = json::parse(result.out);
  for (const json& finding : document.at("findings")) {
    subjects.insert(finding.at("subject"));
    EXPECT_NE(finding.at("level"), "problem") << finding;
    EXPECT_TRUE(finding.at("level") == "ok" || finding.at("remedy") != "") << finding;
  }
  for (const char* subject : {"cpu", "cores", "memory", "libtorch", "blas", "ffmpeg", "encoders", "decoders",
                              "opencv", "landmarks", "models", "cache", "temporary", "configuration"})
    EXPECT_EQ(subjects.count(subject), 1U) << subject;
}

TEST_F(Config, DoctorFindsFaults) {
  EXPECT_EQ(resyncer({"doctor", "--models", scratch.file("nowhere")}).status, 4);
  fs::create_directories(scratch / "weights");
  for (const auto& entry : fs::directory_iterator(RESYNCER_SOURCE_DIR "/models"))
    if (entry.is_regular_file()) fs::copy(entry.path(), scratch / "weights");
  std::ofstream(scratch / "weights/motion.safetensors", std::ios::app) << 'x';
  const RunResult damaged = resyncer({"doctor", "--models", scratch.file("weights")});
  EXPECT_EQ(damaged.status, 4);
  EXPECT_THAT(damaged.out, HasSubstr("motion.safetensors"));
  project("[render]\ncrff = 3\n");
  const RunResult faulty = resyncer({"doctor"}, {"RESYNCER_RENDR_CRF=3"});
  EXPECT_EQ(faulty.status, 2);
  EXPECT_THAT(faulty.out, AllOf(HasSubstr("resyncer.toml:2"), HasSubstr("RESYNCER_RENDR_CRF")));
}

// What bash offers at the end of `line`; the last word is the one being written.
std::vector<std::string> completed(const std::vector<std::string>& line) {
  std::string words;
  for (const std::string& word : line) words += " '" + word + "'";
  static const std::string script = support::resyncer({"completion", "bash"}).out;
  const RunResult result =
      support::run({"bash", "-c",
                    "eval \"$1\"; complete -p resyncer > /dev/null || exit 9; cd \"$0\"; "
                    "COMP_WORDS=(" +
                        words +
                        "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _resyncer; printf "
                        "'%s\\n' \"${COMPREPLY[@]}\"",
                    RESYNCER_SOURCE_DIR "/tests", script});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  std::vector<std::string> list;
  std::istringstream stream(result.out);
  for (std::string word; std::getline(stream, word);)
    if (!word.empty()) list.push_back(word);
  return list;
}

TEST(Completion, BashOffersWhatFits) {
  using ::testing::Contains;
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  using ::testing::Not;
  using ::testing::UnorderedElementsAre;
  EXPECT_THAT(completed({"resyncer", "ren"}), ElementsAre("render"));
  EXPECT_THAT(completed({"resyncer", "render", "--cr"}), ElementsAre("--crf"));
  EXPECT_THAT(completed({"resyncer", "render", "--"}), AllOf(Contains("--models"), Contains("--adapt")));
  EXPECT_THAT(completed({"resyncer", "inspect", "--"}), Not(Contains("--adapt")));
  EXPECT_THAT(completed({"resyncer", "render", "in.mp4", "--renderer", ""}),
              UnorderedElementsAre("network", "warp"));
  EXPECT_THAT(completed({"resyncer", "render", "--log-format", "=", "j"}), ElementsAre("json"));
  EXPECT_THAT(completed({"resyncer", "render", "--crf", ""}), IsEmpty());
  EXPECT_THAT(completed({"resyncer", "models", ""}), UnorderedElementsAre("verify", "list", "probe"));
  // A value that is called like a command is none.
  EXPECT_THAT(completed({"resyncer", "--models", "render", "insp"}), ElementsAre("inspect"));
  EXPECT_THAT(completed({"resyncer", "train", "sync", "--hard"}), ElementsAre("--hard-weight"));
  EXPECT_THAT(completed({"resyncer", "render", "data/astro"}), ElementsAre("data/astronaut.png"));
  EXPECT_THAT(completed({"resyncer", "render", "-a", "data/astro"}), ElementsAre("data/astronaut.png"));
  EXPECT_THAT(completed({"resyncer", "--models", "da"}), ElementsAre("data"));
}

TEST(Completion, ScriptsAreSoundWhereTheirShellIs) {
  support::ScratchFolder scratch;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const RunResult script = support::resyncer({"completion", shell});
    ASSERT_EQ(script.status, 0);
    for (const char* part : {"video-codec", "hard-weight", "fail-below"})
      EXPECT_THAT(script.out, HasSubstr(part));
    std::ofstream(scratch / shell) << script.out;
    if (support::run({"sh", "-c", "command -v " + std::string(shell)}).status != 0) continue;
    const RunResult checked = support::run({shell, "-n", scratch.file(shell)});
    EXPECT_EQ(checked.status, 0) << shell << ": " << checked.err;
  }
}

// Every option of every command: "render --crf".
std::set<std::string> all_options() {
  std::set<std::string> options;
  const json document = json::parse(support::resyncer({"config", "show", "--json"}).out);
  for (const json& row : document.at("options")) {
    const std::string command = row.at("command");
    options.insert((command.empty() ? "" : command + " ") + "--" + row.at("option").get<std::string>());
  }
  return options;
}

// Scripts of years hence use them. A new option is added to the list; one that goes needs a word in
// CHANGELOG.md.
TEST(Options, NoneVanishes) {
  const std::set<std::string> options = all_options();
  std::ifstream list(RESYNCER_SOURCE_DIR "/tests/data/options.txt");
  int count = 0;
  for (std::string line; std::getline(list, line); ++count) EXPECT_EQ(options.count(line), 1U) << line;
  EXPECT_GT(count, 100);
}

// "a b --c" and "a --b-c" would be one variable.
TEST(Options, EveryVariableMeansOneOption) {
  std::map<std::string, std::string> owners;
  for (const std::string& option : all_options()) {
    const std::string variable = std::regex_replace(option, std::regex("[ -]+"), "_");
    EXPECT_TRUE(owners.emplace(variable, option).second) << option << " and " << owners[variable];
  }
}

TEST(ManPages, AreWellFormedAndComplete) {
  support::ScratchFolder scratch;
  ASSERT_EQ(support::resyncer({"man", "--all", scratch.path().string()}).status, 0);
  std::map<std::string, std::string> pages;
  for (const std::string& name : scratch.names()) {
    std::ifstream stream(scratch / name);
    pages[name] = {std::istreambuf_iterator<char>(stream), {}};
  }
  for (const std::string& option : all_options()) {
    std::string page = "resyncer", flag = option;
    if (const std::size_t at = option.find(" --"); at != std::string::npos) {
      page += "-" + option.substr(0, at);
      flag = option.substr(at + 1);
    }
    std::replace(page.begin(), page.end(), ' ', '-');
    EXPECT_THAT(pages[page + ".1"],
                HasSubstr("\\fB" + std::regex_replace(flag, std::regex("-"), "\\-") + "\\fR"))
        << option;
  }
  for (const auto& [name, text] : pages) {
    EXPECT_THAT(text, AllOf(HasSubstr(".SH NAME"), HasSubstr(".SH EXIT STATUS"))) << name;
    if (support::run({"sh", "-c", "command -v groff"}).status != 0) continue;
    const RunResult checked = support::run({"groff", "-man", "-ww", "-z", "-Tutf8", scratch.file(name)});
    EXPECT_EQ(checked.err, "") << name;
  }
}

// The options of examples are options of their command.
TEST(ManPages, ExamplesUseOptionsThatAreThere) {
  const std::set<std::string> options = all_options();
  const RunResult help = support::resyncer({"render", "--help"});
  EXPECT_THAT(help.out, HasSubstr("Examples:"));
  support::ScratchFolder scratch;
  ASSERT_EQ(support::resyncer({"man", "--all", scratch.path().string()}).status, 0);
  std::set<std::string> commands;
  for (const std::string& option : options)
    if (const std::size_t at = option.find(" --"); at != std::string::npos)
      commands.insert(option.substr(0, at));
  int lines = 0;
  for (const std::string& command : commands) {
    std::ifstream text(scratch / ("resyncer-" + std::regex_replace(command, std::regex(" "), "-") + ".1"));
    for (std::string line; std::getline(text, line);) {
      if (line.rfind("resyncer ", 0) != 0) continue;
      line = std::regex_replace(line, std::regex(R"(\\-)"), "-");
      ++lines;
      static const std::regex long_option("--[a-z-]+");
      for (std::sregex_iterator at(line.begin(), line.end(), long_option), end; at != end; ++at) {
        std::istringstream name(line);
        std::string program, of_example;
        name >> program >> of_example;
        EXPECT_TRUE(options.count(at->str()) != 0 || options.count(command + " " + at->str()) != 0 ||
                    options.count(of_example + " " + at->str()) != 0)
            << line;
      }
    }
  }
  EXPECT_GT(lines, 10);
}

}  // namespace
}  // namespace resyncer::testing
