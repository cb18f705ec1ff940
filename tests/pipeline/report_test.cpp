#include "resyncer/pipeline/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/html_page.h"
#include "pipeline/worst_frames.h"
#include "resyncer/pipeline/compare.h"
#include "support/well_formed.h"

namespace resyncer::pipeline {
namespace {

using ::testing::HasSubstr;

Report report_with_hostile_names() {
  Report report;
  report.inputs = {{"result", "a <b> & \"c\" \xFF\x01.mp4"}, {"speech", "\xC3\xBC.wav"}};
  report.figures = {{"psnr", 31.25}, {"seam_ratio", 1}};
  report.seconds = {0, 0.04, 0.08};
  report.silent = {false, true, true};
  report.series = {{"psnr", {30, NAN, 32.5F}}, {"lip_opening", {NAN, NAN, NAN}}};
  report.films = {
      {"Evenly <spread>", {{1, 0.04, "30 & more", {{"result", core::ImageU8(8, 8, 3, 99)}, {"real", {}}}}}}};
  report.notes = {"1 < 2"};
  return report;
}

TEST(Report, NamesAreUniqueAndSaidInALine) {
  std::set<std::string> names;
  for (const Metric& metric : result_metrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_GT(std::string(metric.meaning).size(), 10U) << metric.name;
  }
}

TEST(Report, JsonHasNullForWhatWasNotMeasured) {
  const auto json = nlohmann::json::parse(report_json(report_with_hostile_names()));
  EXPECT_EQ(json["figures"]["psnr"], 31.25);
  EXPECT_TRUE(json["figures"]["ssim"].is_null());
  EXPECT_EQ(json["figures"].size(), result_metrics().size());
  EXPECT_TRUE(json["series"]["psnr"][1].is_null());
  EXPECT_EQ(json["series"]["psnr"][2], 32.5);
  EXPECT_EQ(json["frames"], 3);
}

TEST(Report, PageIsWellFormedWhateverTheNames) {
  const std::string page = report_html(report_with_hostile_names());
  EXPECT_EQ(support::fault_of_page(page), "");
  EXPECT_THAT(page, HasSubstr("a &lt;b&gt; &amp; &quot;c&quot; \xEF\xBF\xBD\xEF\xBF\xBD.mp4"));
  EXPECT_THAT(page, HasSubstr("real: no face"));
  EXPECT_EQ(support::fault_of_page(report_html({})), "") << "nothing measured at all";
  EXPECT_EQ(support::fault_of_page(comparison_html({})), "");
}

TEST(Page, TextIsEscapedAndStaysUtf8) {
  EXPECT_EQ(escaped("\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80"), "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(escaped("\xC3"), "\xEF\xBF\xBD") << "cut off";
  EXPECT_EQ(escaped("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
}

TEST(Plot, ALongLineKeepsItsPeaksAndAGapBreaksIt) {
  std::vector<double> seconds;
  Series line{"l", {}};
  for (int i = 0; i < 20000; ++i) {
    seconds.push_back(0.04 * i);
    line.values.push_back(i == 7777 ? 60.F : 1.F);
  }
  const std::string svg = svg_plot({"t", "", {line}}, seconds, {}, "");
  EXPECT_LT(svg.size(), 60000U);
  EXPECT_THAT(svg, HasSubstr(" 30.0L")) << "the peak reaches the top, at 60";
  const std::string broken = svg_plot({"t", "", {{"l", {1, NAN, 2, 3}}}}, {0, 1, 2, 3}, {}, "");
  const std::string path = broken.substr(broken.find(" d=\""));
  EXPECT_EQ(std::count(path.begin(), path.end(), 'M'), 2);
}

TEST(WorstFramesTest, KeepsTheGreatestAndNoneNearAnother) {
  WorstFrames worst;
  for (std::int64_t i = 0; i < 500; ++i) {
    double fault = i % 50 == 0 ? double(i) : i % 50 == 3 ? double(i) - 1 : 0;
    if (i == 200) fault = NAN;
    worst.see(i, fault, [&] { return FilmColumn{i, 0, "", {}}; });
  }
  std::vector<std::int64_t> frames;
  for (const FilmColumn& column : worst.finish()) frames.push_back(column.frame);
  EXPECT_EQ(frames, (std::vector<std::int64_t>{203, 253, 303, 353, 403, 453}));
}

}  // namespace
}  // namespace resyncer::pipeline
