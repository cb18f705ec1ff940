#include "cli/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>

#include "cli/option_table.h"
#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A small program with an option of every kind.
struct Program {
  CLI::App app;
  ConfigFlags config;
  std::string models, log_format, person, label, output, input;
  int crf = -1, verbose = 0;
  double adapt = 0, strength = 1;
  bool yes = false, keep = false, truth = true;
  std::vector<std::string> styles, more;

  Program() {
    app.option_defaults()->always_capture_default();
    app.fallthrough();
    app.add_option("--models", models);
    app.add_option("--log-format", log_format)->check(CLI::IsMember({"text", "json"}));
    app.add_flag("-v,--verbose", verbose);
    add_config_options(&app, &config);
    CLI::App* render = app.add_subcommand("render");
    render->add_option("input", input)->required();
    render->add_option("-o,--output", output)->required();
    render->add_option("--crf", crf)->check(CLI::Range(0, 63));
    auto* by_person = render->add_option("--person", person);
    render->add_option("--adapt", adapt)->excludes(by_person);
    auto* style = render->add_option("--style", styles)->allow_extra_args(false);
    render->add_option("--style-strength", strength)->needs(style);
    render->add_option("--label", label);
    render->add_flag("--keep-audio", keep);
    render->add_flag("-y,--yes", yes);
    CLI::App* train = app.add_subcommand("train");
    CLI::App* sync = train->add_subcommand("sync");
    sync->add_option("--variants", more);
    sync->add_option("--augment", truth);
  }
  const CLI::App& command(const std::string& name) { return *find_command(app, name); }
};

class ConfigurationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(scratch / "project/deep");
    fs::create_directories(scratch / "project/.git");
    fs::create_directories(scratch / "config/resyncer");
    ::setenv("XDG_CONFIG_HOME", scratch.file("config").c_str(), 1);
    fs::current_path(scratch / "project/deep");
  }
  void TearDown() override { fs::current_path("/"); }
  void user(const std::string& text) { std::ofstream(scratch / "config/resyncer/config.toml") << text; }
  void project(const std::string& text) { std::ofstream(scratch / "project/resyncer.toml") << text; }
  std::string user_place(int line) {
    return scratch.file("config/resyncer/config.toml:") + std::to_string(line);
  }

  // What configuration adds to `typed`, for the program and then for `command`.
  std::vector<std::string> added(const std::string& typed, const std::string& command = "render") {
    Program program;
    try {
      program.app.parse(typed);
    } catch (const CLI::RequiredError&) {
    }
    const Configuration configuration = read_configuration(program.app, environment());
    std::vector<std::string> list;
    for (const CLI::App* part : {static_cast<const CLI::App*>(&program.app), &program.command(command)})
      for (std::string& text : arguments(*part, settings_in_force(configuration, *part)))
        list.push_back(std::move(text));
    return list;
  }
  std::string refusal(const std::string& typed = "render in") {
    try {
      added(typed);
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), core::ErrorKind::usage);
      return e.what();
    }
    return "";
  }
  Environment environment() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
  }

  support::ScratchFolder scratch;
  std::map<std::string, std::string> variables;
};

TEST_F(ConfigurationTest, NothingSaysNothing) { EXPECT_THAT(added("render in"), IsEmpty()); }

TEST_F(ConfigurationTest, TheStrongerWins) {
  user("[render]\ncrf = 1\nlabel = 'user'\n");
  EXPECT_THAT(added("render in"), ElementsAre("--crf", "1", "--label", "user"));
  project("[render]\ncrf = 2\n");
  EXPECT_THAT(added("render in"), ElementsAre("--crf", "2", "--label", "user"));
  variables["RESYNCER_RENDER_CRF"] = "3";
  EXPECT_THAT(added("render in"), ElementsAre("--crf", "3", "--label", "user"));
  EXPECT_THAT(added("render in --crf 4"), ElementsAre("--label", "user"));
  EXPECT_THAT(added("--no-config render in"), ElementsAre("--crf", "3"));
  variables = {{"RESYNCER_NO_CONFIG", "1"}};
  EXPECT_THAT(added("render in"), ElementsAre("--no-config"));
  EXPECT_THAT(added("--config ../resyncer.toml render in"), ElementsAre("--crf", "2", "--label", "user"));
}

TEST_F(ConfigurationTest, ANamedFileStandsForTheProjects) {
  project("[render]\ncrf = 2\n");
  user("[render]\nlabel = 'user'\n");
  std::ofstream(scratch / "named.toml") << "[render]\nyes = true\n";
  const std::string named = scratch.file("named.toml");
  variables["RESYNCER_CONFIG"] = named;
  EXPECT_THAT(added("render in"), ElementsAre("--config", named, "--yes", "--label", "user"));
  variables["RESYNCER_CONFIG"] = scratch.file("missing.toml");
  EXPECT_THAT(refusal(), HasSubstr("missing.toml"));
}

TEST_F(ConfigurationTest, ProfilesStandBetweenEnvironmentAndFiles) {
  user(
      "[render]\ncrf = 1\nlabel = 'user'\n[profile.night.render]\ncrf = 5\n[profile.day.render]\nlabel = "
      "'day'\n");
  EXPECT_THAT(added("--profile night render in"), ElementsAre("--crf", "5", "--label", "user"));
  EXPECT_THAT(added("--profile night --profile day render in"), ElementsAre("--label", "day", "--crf", "5"));
  project("[profile.night.render]\ncrf = 6\n");
  EXPECT_THAT(added("--profile night render in"), ElementsAre("--crf", "6", "--label", "user"));
  variables["RESYNCER_RENDER_CRF"] = "7";
  EXPECT_THAT(added("--profile night render in"), ElementsAre("--crf", "7", "--label", "user"));
  EXPECT_THAT(refusal("--profile dawn render in"),
              AllOf(HasSubstr("'dawn'"), HasSubstr("day"), HasSubstr("draft")));
}

TEST_F(ConfigurationTest, AFlagOverridesWhatItExcludes) {
  user("[render]\nadapt = 3\n");
  EXPECT_THAT(added("render in"), ElementsAre("--adapt", "3"));
  EXPECT_THAT(added("render in --person p"), IsEmpty());
  variables["RESYNCER_RENDER_PERSON"] = "p";
  EXPECT_THAT(added("render in"), ElementsAre("--person", "p"));
  variables.clear();
  // Of one file both are kept: the parser says that they exclude each other.
  user("[render]\nadapt = 3\nperson = '/p'\n");
  EXPECT_THAT(added("render in"), ElementsAre("--adapt", "3", "--person", "/p"));
}

TEST_F(ConfigurationTest, WhatNeedsAnotherOptionWaitsForIt) {
  user("[render]\nstyle-strength = 0.5\n");
  EXPECT_THAT(added("render in"), IsEmpty());
  EXPECT_THAT(added("render in --style x"), ElementsAre("--style-strength", "0.5"));
}

TEST_F(ConfigurationTest, FalseTakesAWeakerValueAway) {
  user("[render]\ncrf = 1\nkeep-audio = true\n");
  project("[render]\ncrf = false\nkeep-audio = false\n");
  EXPECT_THAT(added("render in"), IsEmpty());
}

TEST_F(ConfigurationTest, ValuesOfEveryKind) {
  user(
      "verbose = 2\n[render]\nstyle = ['a b', '-c']\nlabel = ''\n[train.sync]\nvariants = ['x']\naugment = "
      "false\n");
  EXPECT_THAT(added("render in"),
              ElementsAre("--verbose", "--verbose", "--label", "", "--style", "a b", "--style", "-c"));
  EXPECT_THAT(added("train sync", "train sync"),
              ElementsAre("--verbose", "--verbose", "--augment", "false", "--variants", "x", "--"));
  variables = {{"RESYNCER_RENDER_STYLE", "m,n"},
               {"RESYNCER_RENDER_YES", "on"},
               {"RESYNCER_VERBOSE", "no"},
               {"RESYNCER_RENDER_LABEL", ""}};
  EXPECT_THAT(added("render in"), ElementsAre("--style", "m", "--style", "n", "--yes", "--label", ""));
  variables = {{"RESYNCER_RENDER_YES", "perhaps"}};
  EXPECT_THAT(refusal(), AllOf(HasSubstr("RESYNCER_RENDER_YES"), HasSubstr("perhaps")));
}

// Values may look like options, or be empty: parsed again they are what they were.
TEST_F(ConfigurationTest, ArgumentsParseBack) {
  user("[render]\nlabel = '--crf=3'\nstyle = ['', '--']\noutput = '-5'\n");
  std::vector<std::string> line = added("render in");
  line.insert(line.begin(), "render");
  line.emplace_back("in");
  std::reverse(line.begin(), line.end());
  Program program;
  program.app.parse(line);
  EXPECT_EQ(program.label, "--crf=3");
  EXPECT_THAT(program.styles, ElementsAre("", "--"));
  EXPECT_EQ(fs::path(program.output).filename(), "-5");
  EXPECT_EQ(program.input, "in");
  EXPECT_EQ(program.crf, -1);
}

TEST_F(ConfigurationTest, PathsAreRelativeToTheirFile) {
  user("[render]\nperson = 'people/anna'\n");
  EXPECT_THAT(added("render in"), ElementsAre("--person", scratch.file("config/resyncer/people/anna")));
  user("[render]\nperson = '/people/anna'\n");
  EXPECT_THAT(added("render in"), ElementsAre("--person", "/people/anna"));
  ::setenv("HOME", "/home/anna", 1);
  user("[render]\nperson = '~/me'\n");
  EXPECT_THAT(added("render in"), ElementsAre("--person", "/home/anna/me"));
}

TEST_F(ConfigurationTest, FaultsNameFileAndLine) {
  const auto expect = [&](const std::string& text, int line, const std::string& what) {
    user(text);
    EXPECT_THAT(refusal(), AllOf(HasSubstr(user_place(line)), HasSubstr(what))) << text;
  };
  expect("[render]\n\ncrff = 3\n", 3, "'crff'");
  expect("[rendre]\ncrf = 3\n", 2, "'rendre'");
  expect("crf = 3\n", 1, "'crf'");
  expect("config = 'x'\n", 1, "'config'");
  expect("[render]\ncrf = '18'\n", 2, "a whole number");
  expect("[render]\ncrf = 18.5\n", 2, "a whole number");
  expect("[render]\ncrf = [18]\n", 2, "one value");
  expect("[render]\nadapt = 'x'\n", 2, "a number");
  expect("[render]\nkeep-audio = 1\n", 2, "true or false");
  expect("[render]\nlabel = true\n", 2, "text");
  expect("verbose = 10\n", 1, "0 to 9");
  expect("verbose = -1\n", 1, "0 to 9");
  expect("[profile.x.render]\ncrff = 3\n", 2, "'crff'");
  expect("[render]\ninput = 'v.mp4'\n", 2, "'input'");
}

TEST_F(ConfigurationTest, AProjectWritesNothingAndAnswersNothing) {
  for (const char* line : {"yes = true", "output = 'x'"})
    for (const char* table : {"[render]\n", "[profile.p.render]\n"}) {
      project(table + std::string(line) + "\n");
      EXPECT_THAT(refusal(), HasSubstr("a project may not set")) << line;
    }
  project("models = 'weights'\n[render]\ncrf = 3\n");
  EXPECT_THAT(added("render in"), ElementsAre("--models", scratch.file("project/weights"), "--crf", "3"));
}

TEST_F(ConfigurationTest, MessagesTellWhereAValueComesFrom) {
  config::Setting style{"render", "style", {}, false, "f:1"};
  EXPECT_EQ(origins_named("--style-strength: too much", {style}), "");
  EXPECT_EQ(origins_named("--style: unknown", {style}), "; --style is set by f:1");
}

TEST(OptionTable, Describes) {
  Program program;
  const CLI::App& render = program.command("render");
  const auto option = [&](const CLI::App& command, const char* name) -> const CLI::Option& {
    return *find_option(command, name);
  };
  EXPECT_EQ(value_kind(option(program.app, "verbose")), ValueKind::counter);
  EXPECT_EQ(value_kind(option(render, "keep-audio")), ValueKind::flag);
  EXPECT_EQ(value_kind(option(render, "crf")), ValueKind::whole);
  EXPECT_EQ(value_kind(option(render, "adapt")), ValueKind::number);
  EXPECT_EQ(value_kind(option(render, "person")), ValueKind::file);
  EXPECT_EQ(value_kind(option(program.command("train sync"), "augment")), ValueKind::truth);
  EXPECT_EQ(value_name(option(program.app, "log-format")), "text|json");
  EXPECT_TRUE(is_repeatable(option(render, "style")));
  EXPECT_FALSE(is_repeatable(option(render, "crf")));
  EXPECT_EQ(default_text(option(render, "crf")), "");  // -1 stands for nothing
  EXPECT_EQ(default_text(option(render, "style-strength")), "1");
  EXPECT_EQ(variable_name(render, option(render, "keep-audio")), "RESYNCER_RENDER_KEEP_AUDIO");
  EXPECT_EQ(variable_name(program.app, option(program.app, "models")), "RESYNCER_MODELS");
  EXPECT_EQ(find_command(program.app, "train sync")->get_name(), "sync");
  EXPECT_EQ(find_command(program.app, "sync"), nullptr);
}

}  // namespace
}  // namespace resyncer::cli
