// Regression renders on the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "e2e/footage.h"
#include "support/well_formed.h"

namespace resyncer::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Golden : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(scratch / "golden");
    make_portrait_clip(scratch, "v.mkv", 0.6);
    make_speech(scratch, "s.wav");
    write_list("");
  }
  void write_list(const std::string& more) const {
    std::ofstream(scratch / "golden/golden.toml")
        << "[[case]]\nname = \"one\"\nvideo = \"../v.mkv\"\nspeech = \"../s.wav\"\nrenderer = \"warp\"\n"
        << more;
  }
  RunResult golden(const std::string& what, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"golden", what, scratch.file("golden"), "-q"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return resyncer(arguments);
  }
  std::string contents(const std::string& name) const {
    std::ifstream stream(scratch / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  ScratchFolder scratch;
};

TEST_F(Golden, TheSameRenderPassesAndAnotherMouthIsShown) {
  ASSERT_EQ(golden("record").status, 0);
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch / "golden/one"))
    bytes += entry.file_size();
  EXPECT_LT(bytes, 100'000U);
  RunResult result = golden("check");
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_EQ(result.out, "one: the same\n");
  const std::string before = contents("golden/one/golden.json");

  write_list("mouth-gain = 0.5\n");
  result = golden("check", {"--html", scratch.file("page.html")});
  EXPECT_EQ(result.status, 8) << result.err;
  EXPECT_THAT(result.err, HasSubstr("1 of 1 golden renders changed: one"));
  EXPECT_THAT(result.out, AllOf(HasSubstr("samples differ in"), HasSubstr("the mouth's mesh differs in"),
                                HasSubstr("the options were \"--renderer=warp\"")));
  const std::string page = contents("page.html");
  EXPECT_EQ(support::fault_of_page(page), "");
  EXPECT_THAT(page, AllOf(HasSubstr("before"), HasSubstr("after"), HasSubstr("difference, 8 times")));
  EXPECT_EQ(contents("golden/one/golden.json"), before) << "a check changes nothing";

  result = golden("check", {"--update"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("one: changed"));
  EXPECT_THAT(contents("golden/one/golden.json"), HasSubstr("--mouth-gain=0.5"));
}

TEST_F(Golden, RecordsThatAreNoneAreRefusedBeforeAnythingIsRendered) {
  EXPECT_EQ(golden("check").status, 3) << "nothing was recorded";
  std::filesystem::create_directory(scratch / "golden/one");
  for (const char* text : {"", "{}", "[1]", "{\"golden\": 2}"}) {
    std::ofstream(scratch / "golden/one/golden.json") << text;
    const RunResult result = golden("check");
    EXPECT_EQ(result.status, 3) << text;
    EXPECT_THAT(result.err, HasSubstr("the golden record is damaged")) << text;
  }
  EXPECT_EQ(golden("record").status, 6) << "there is one: not overwritten unasked";
  EXPECT_EQ(contents("golden/one/golden.json"), "{\"golden\": 2}");
}

TEST_F(Golden, ListsThatSayNothingUsefulAreRefused) {
  const auto fault_of = [&](const std::string& more) {
    write_list(more);
    const RunResult result = golden("record");
    EXPECT_THAT(result.status, ::testing::AnyOf(2, 3)) << more << result.err;
    return result.err;
  };
  EXPECT_THAT(fault_of("mouth-gain = \n"), HasSubstr("golden.toml:6: "));
  EXPECT_THAT(fault_of("no-such-option = 1\n"), HasSubstr("no-such-option"));
  EXPECT_THAT(fault_of("output = \"x.mp4\"\n"), HasSubstr("'output' is not a case's to choose"));
  EXPECT_THAT(fault_of("[[case]]\nvideo = \"a\"\n"), HasSubstr("line 6: a case needs video and speech"));
  EXPECT_THAT(fault_of("[[case]]\nname = \"one\"\nvideo = \"a\"\nspeech = \"b\"\n"),
              HasSubstr("stands twice"));
  EXPECT_THAT(fault_of("[[case]]\nname = \"../x\"\nvideo = \"a\"\nspeech = \"b\"\n"),
              HasSubstr("cannot name a case's folder"));
  EXPECT_THAT(fault_of("[cases]\n"), HasSubstr("'cases' is unknown"));
  EXPECT_EQ(golden("record", {"--case", "two", "--manifest", scratch.file("missing.toml")}).status, 3);
}

}  // namespace
}  // namespace resyncer::testing
