#include "resyncer/config/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(std::string_view text) {
  try {
    parse_config(text, "a.toml");
  } catch (const core::Error& e) {
    EXPECT_EQ(e.kind(), core::ErrorKind::usage);
    return e.what();
  }
  return "";
}

std::vector<std::string> texts(const Setting& setting) {
  std::vector<std::string> list;
  for (const Value& value : setting.values) list.push_back(value.text);
  return list;
}

TEST(ConfigFile, TablesAreCommands) {
  const ConfigFile file = parse_config(R"(models = "weights"
[render]
crf = 18
style = ["lively", "calm"]
[train.sync]
dropout = 0.25
expert = true
)",
                                       "a.toml");
  ASSERT_EQ(file.settings.size(), 5U);
  std::map<std::string, const Setting*> by_name;
  for (const Setting& setting : file.settings) by_name[setting.command + "/" + setting.option] = &setting;
  EXPECT_EQ(texts(*by_name.at("/models")), std::vector<std::string>{"weights"});
  const Setting& crf = *by_name.at("render/crf");
  EXPECT_EQ(crf.values.front().type, Value::Type::integer);
  EXPECT_EQ(texts(crf), std::vector<std::string>{"18"});
  EXPECT_EQ(crf.origin, "a.toml:3");
  EXPECT_FALSE(crf.is_list);
  EXPECT_TRUE(by_name.at("render/style")->is_list);
  EXPECT_EQ(texts(*by_name.at("render/style")), (std::vector<std::string>{"lively", "calm"}));
  EXPECT_EQ(texts(*by_name.at("train sync/dropout")), std::vector<std::string>{"0.25"});
  EXPECT_EQ(by_name.at("train sync/expert")->values.front().type, Value::Type::boolean);
}

TEST(ConfigFile, ProfilesStandApart) {
  const ConfigFile file =
      parse_config("[profile.night]\nquiet = true\n[profile.night.render]\ncrf = 10\n", "a");
  EXPECT_TRUE(file.settings.empty());
  ASSERT_EQ(file.profiles.count("night"), 1U);
  const std::vector<Setting>& settings = file.profiles.at("night");
  ASSERT_EQ(settings.size(), 2U);
  EXPECT_EQ(settings[0].command + settings[1].command, "render");
}

TEST(ConfigFile, FaultsNameTheLine) {
  EXPECT_THAT(refusal("[render]\ncrf = = 3\n"), HasSubstr("a.toml:2"));
  EXPECT_THAT(refusal("[render]\ncrf = 3\ncrf = 4\n"), HasSubstr("a.toml:3"));
  EXPECT_THAT(refusal("\n\nmodels = 2020-01-01\n"), AllOf(HasSubstr("a.toml:3"), HasSubstr("'models'")));
  EXPECT_THAT(refusal("[render]\nstyle = [[1], 2]\n"), HasSubstr("a.toml:2"));
  EXPECT_THAT(refusal("[[render]]\ncrf = 18\n"), HasSubstr("a.toml:1"));
  EXPECT_THAT(refusal("[render]\nadapt = inf\n"), AllOf(HasSubstr("a.toml:2"), HasSubstr("finite")));
  EXPECT_THAT(refusal("[profile]\ndraft = 3\n"), HasSubstr("a.toml:2"));
  EXPECT_THAT(refusal("label = \"a\\u0000b\"\n"), HasSubstr("zero byte"));
  EXPECT_THAT(refusal("label = \"\xff\"\n"), HasSubstr("a.toml:1"));
}

// They would overflow the stack.
TEST(ConfigFile, DeepKeysAreRefusedAndDotsOfTextsAreNot) {
  std::string key = "a", quoted = "\"a\"", list = "mouth = [";
  for (int i = 0; i < 400000; ++i) key += ".a";
  for (int i = 0; i < 101; ++i) quoted += " . 'a'";
  for (int i = 0; i < 200; ++i) list += "1.5, ";
  const std::string dots(200, '.');
  for (const std::string& text :
       {key + " = 1", "[" + key + "]", quoted + " = 1", "b = {" + key + " = 1}",
        "c = 1 # \"\n" + key + " = 1", "b = {c = \"\"\"" + dots + "\"\"\"\"\", " + key + " = 1}",
        "b = \"\\\\\"\n" + key + " = 1"})
    EXPECT_THAT(refusal(text), HasSubstr("a key has more than 100 dots")) << text.substr(0, 50);
  for (const std::string& text : {"label = \"" + dots + "\\\"" + dots + "\"", "label = '" + dots + "'",
                                  "label = '''\n" + dots + "'''", "#" + dots, list + "2.5]"})
    EXPECT_EQ(refusal(text), "") << text;
}

TEST(ConfigFile, TheNumbersReadBackAsTheyWere) {
  const ConfigFile file = parse_config("a = 0.1\nb = -1e-9\nc = 9223372036854775807\n", "a");
  EXPECT_EQ(std::stod(file.settings[0].values[0].text), 0.1);
  EXPECT_EQ(std::stod(file.settings[1].values[0].text), -1e-9);
  EXPECT_EQ(file.settings[2].values[0].text, "9223372036854775807");
}

TEST(ConfigFile, WhatIsNoOrdinaryFileIsRefused) {
  support::ScratchFolder scratch;
  EXPECT_THROW(read_config(scratch / "missing.toml"), core::Error);
  EXPECT_THROW(read_config(scratch.path()), core::Error);
  EXPECT_THROW(read_config("/dev/zero"), core::Error);
  std::ofstream(scratch / "large.toml") << std::string(1'000'001, '\n');
  EXPECT_THROW(read_config(scratch / "large.toml"), core::Error);
  std::ofstream(scratch / "good.toml") << "models = 'x'\n";
  EXPECT_EQ(read_config(scratch / "good.toml").settings.size(), 1U);
}

TEST(ConfigFile, BuiltInProfilesAreWellFormed) {
  const ConfigFile file = parse_config(built_in_profiles(), "built-in");
  EXPECT_TRUE(file.settings.empty());
  for (const char* name : {"draft", "archive", "ci"}) EXPECT_EQ(file.profiles.count(name), 1U) << name;
}

}  // namespace
}  // namespace resyncer::config
