#include "resyncer/motion/curve.h"

#include <gtest/gtest.h>

#include <fstream>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::motion {
namespace {

TEST(Curve, IsStraightBetweenItsKeysAndHeldOutside) {
  const Curve curve({{1, 0.5F}, {2, 1}, {2.5, 0}});
  EXPECT_EQ(curve.at(-3), 0.5F);
  EXPECT_EQ(curve.at(1), 0.5F);
  EXPECT_FLOAT_EQ(curve.at(1.5), 0.75F);
  EXPECT_EQ(curve.at(2), 1);
  EXPECT_FLOAT_EQ(curve.at(2.4), 0.2F);
  EXPECT_EQ(curve.at(100), 0);
  EXPECT_TRUE(Curve(2).is(2));
  EXPECT_FALSE(curve.is(1));
}

class CurveFile : public ::testing::Test {
 protected:
  Curves read(const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
    return read_curves(path);
  }
  std::string refusal(const std::string& text) {
    try {
      read(text);
      return "";
    } catch (const core::Error& error) {
      EXPECT_EQ(error.kind(), core::ErrorKind::input);
      return error.what();
    }
  }

  support::ScratchFolder folder;
  std::filesystem::path path = folder / "curve.csv";
};

TEST_F(CurveFile, HasTheColumnsThatItNames) {
  const Curves curves = read(
      "\xEF\xBB\xBF# a comment\r\nsmooth, time ,gain\r\n\r\n0.1,0,1\r\n,1:02.5,0.5\r\n0.2,00:02:00,\r\n");
  ASSERT_TRUE(curves.gain && curves.smooth);
  EXPECT_FALSE(curves.jaw_max || curves.offset_ms);
  EXPECT_FLOAT_EQ(curves.gain->at(31.25), 0.75F);
  EXPECT_EQ(curves.gain->at(90), 0.5F) << "an empty cell is no key";
  EXPECT_FLOAT_EQ(curves.smooth->at(60), 0.15F);
  EXPECT_EQ(read("time,offset_ms,jaw_max\n0,-40,0.3").offset_ms->at(1), -40);
}

TEST_F(CurveFile, IsRefusedByTheLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "no header"},
      {"# nothing\n\n", "no header"},
      {"gain\n1\n", "line 1: there is no column 'time'"},
      {"time\n1\n", "line 1: there is no column besides"},
      {"time,gain,gain\n", "line 1: the column 'gain' stands twice"},
      {"time,lips\n", "line 1: 'lips' is no column"},
      {"time;gain\n", "line 1: 'time;gain' is no column"},
      {"time,gain\n", "the column gain is empty"},
      {"time,gain\n0,\n", "the column gain is empty"},
      {"time,gain\n0,1\n1,1,1\n", "line 3: has 3 cells, the header 2"},
      {"time,gain\n0,1\n1\n", "line 3: has 1 cells"},
      {"time,gain\n0,1\n\n0,2\n", "line 4: the times do not ascend"},
      {"time,gain\n-1,1\n", "line 2: '-1' is no time"},
      {"time,gain\n,1\n", "line 2: '' is no time"},
      {"time,gain\n0,nan\n", "line 2: 'nan' is no number"},
      {"time,gain\n0,inf\n", "line 2: 'inf' is no number"},
      {"time,gain\n0,1x\n", "line 2: '1x' is no number"},
      {"time,gain\n0,1e99\n", "line 2: '1e99' is no number"},
      {"time,gain\n0,3\n", "line 2: gain is 3, not from 0 to 2"},
      {"time,jaw_max\n0,-1\n", "line 2: jaw_max is -1"},
      {"time,smooth\n0,1\n1,2.5\n", "line 3: smooth is 2.5"},
      {"time,offset_ms\n0,5001\n", "line 2: offset_ms is 5001"},
      {"time,gain\n0," + std::string(5000, '1') + "\n", "line 2: the line is too long"},
  };
  for (const auto& [text, message] : cases)
    EXPECT_NE(refusal(text).find(message), std::string::npos) << text.substr(0, 60) << ": " << refusal(text);
  EXPECT_THROW(read_curves(folder / "none.csv"), core::Error);
  EXPECT_THROW(read_curves(folder.path()), core::Error);
}

}  // namespace
}  // namespace resyncer::motion
