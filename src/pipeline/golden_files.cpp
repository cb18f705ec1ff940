#include "pipeline/golden_files.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"
#include "resyncer/pipeline/golden.h"

namespace resyncer::pipeline {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;
using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;
constexpr int kMostSide = 1024;
constexpr std::uintmax_t kMostBytes = std::uintmax_t{16} << 20;  // of any file of a record
constexpr const char* kRecordName = "golden.json";

[[noreturn]] void damaged(const fs::path& file, const std::string& what) {
  throw Error(ErrorKind::input, "the golden record is damaged: " + what, file.string(), "record it anew");
}

std::string picture_name(std::int64_t frame) { return "frame-" + std::to_string(frame) + ".jpg"; }

std::string contents(const fs::path& file) {
  std::error_code error;
  const auto bytes = fs::file_size(file, error);
  std::ifstream stream(file, std::ios::binary);
  if (error || !stream) damaged(file, "it cannot be read");
  if (bytes > kMostBytes) damaged(file, "it is too large");
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Four significant digits after the point: what differs below is noise in a text that people compare.
double rounded(double value) { return std::round(value * 1e4) / 1e4; }

// A frame a line, so that a diff of two records names them.
Json lines_of(const std::vector<GoldenFrame>& frames) {
  Json lines = Json::array();
  for (std::size_t i = 0; i < frames.size(); ++i)
    lines.push_back(std::to_string(i) + ' ' + frames[i].whole + ' ' + frames[i].outside + ' ' +
                    frames[i].mouth);
  return lines;
}

Json lines_of(const std::map<std::int64_t, std::vector<double>>& mouths) {
  Json lines = Json::array();
  for (const auto& [frame, values] : mouths) {
    std::ostringstream line;
    line << frame;
    for (double value : values) line << ' ' << value;
    lines.push_back(line.str());
  }
  return lines;
}

std::vector<GoldenFrame> frames_of(const Json& lines, const fs::path& file) {
  std::vector<GoldenFrame> frames;
  for (const Json& each : lines) {
    std::istringstream line(each.get<std::string>());
    std::size_t index = 0;
    GoldenFrame frame;
    if (!(line >> index >> frame.whole >> frame.outside) || index != frames.size())
      damaged(file, "the line of frame " + std::to_string(frames.size()));
    line >> frame.mouth;
    frames.push_back(frame);
  }
  return frames;
}

std::map<std::int64_t, std::vector<double>> mouths_of(const Json& lines, const fs::path& file) {
  std::map<std::int64_t, std::vector<double>> mouths;
  for (const Json& each : lines) {
    std::istringstream line(each.get<std::string>());
    std::int64_t frame = 0;
    if (!(line >> frame)) damaged(file, "the mouths");
    std::vector<double>& values = mouths[frame];
    for (double value = 0; line >> value;) values.push_back(value);
  }
  return mouths;
}

GoldenPicture picture_from(const Json& json, std::size_t frames, const fs::path& folder) {
  const fs::path file = folder / kRecordName;
  GoldenPicture picture;
  picture.frame = json.at("frame").get<std::int64_t>();
  picture.seconds = json.at("seconds").get<double>();
  const auto view = json.at("view").get<std::vector<int>>();
  constexpr int kMost = 1 << 16;  // px, to either side of zero
  const bool sane = picture.frame >= 0 && picture.frame < std::int64_t(frames) && view.size() == 3 &&
                    std::abs(std::int64_t{view[0]}) <= kMost && std::abs(std::int64_t{view[1]}) <= kMost &&
                    view[2] > 0 && view[2] <= kMost;
  if (!sane) damaged(file, "a picture's place");
  picture.view = {view[0], view[1], view[0] + view[2], view[1] + view[2]};
  const fs::path image = folder / picture_name(picture.frame);
  const std::string bytes = contents(image);
  picture.jpeg.assign(bytes.begin(), bytes.end());
  (void)from_jpeg(picture.jpeg, image.string());
  return picture;
}

// Of its frame header, before a decoder makes room for it.
bool is_small_jpeg(const std::vector<std::uint8_t>& bytes) {
  auto word = [&](std::size_t at) { return bytes[at] << 8 | bytes[at + 1]; };
  if (bytes.size() < 4 || word(0) != 0xFFD8) return false;
  for (std::size_t at = 2; at + 9 < bytes.size() && bytes[at] == 0xFF; at += 2 + std::size_t(word(at + 2))) {
    const int marker = bytes[at + 1];
    const bool is_frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (is_frame) return word(at + 5) <= kMostSide && word(at + 7) <= kMostSide;
  }
  return false;
}

void write_bytes(const fs::path& path, const std::vector<std::uint8_t>& bytes) {
  core::OutputFile file(path);
  std::ofstream stream(file.temporary(), std::ios::binary);
  stream.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  stream.close();
  if (!stream) throw Error(ErrorKind::output, "writing failed", path.string(), "is the disk full?");
  file.commit();
}

}  // namespace

core::ImageU8 from_jpeg(const std::vector<std::uint8_t>& bytes, const std::string& place) {
  if (!is_small_jpeg(bytes)) damaged(place, "it is no small picture");
  const cv::Mat bgr = cv::imdecode(bytes, cv::IMREAD_COLOR);
  if (bgr.empty()) damaged(place, "it is no picture");
  core::ImageU8 image(bgr.cols, bgr.rows, 3);
  cv::Mat rgb(image.height, image.width, CV_8UC3, image.data.data());
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return image;
}

void save_golden(const GoldenRecord& record, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(ErrorKind::output, error.message(), folder.string());
  Json json = {
      {"golden", kSchemaVersion},          {"version", record.version},        {"options", record.options},
      {"machine", record.machine},         {"models", record.models},          {"inputs", record.inputs},
      {"picture", record.format},          {"figures", Json::object()},        {"pictures", Json::array()},
      {"mouths", lines_of(record.mouths)}, {"frames", lines_of(record.frames)}};
  for (const auto& [name, value] : record.figures) json["figures"][name] = rounded(value);
  for (const GoldenPicture& picture : record.pictures) {
    json["pictures"].push_back({{"frame", picture.frame},
                                {"seconds", rounded(picture.seconds)},
                                {"view", {picture.view.left, picture.view.top, picture.view.width()}}});
    write_bytes(folder / picture_name(picture.frame), picture.jpeg);
  }
  core::write_text(folder / kRecordName, json.dump(1, ' ', false, Json::error_handler_t::replace));
  for (const auto& entry : fs::directory_iterator(folder, error)) {  // pictures of an older record
    const std::string name = entry.path().filename().string();
    bool known = name.rfind("frame-", 0) != 0 || entry.path().extension() != ".jpg";
    for (const GoldenPicture& picture : record.pictures) known = known || name == picture_name(picture.frame);
    std::error_code ignored;
    if (!known) fs::remove(entry.path(), ignored);
  }
}

GoldenRecord load_golden(const fs::path& folder) {
  const fs::path file = folder / kRecordName;
  std::error_code ignored;
  if (!fs::exists(file, ignored))
    throw Error(ErrorKind::input, "there is no golden record", folder.string(),
                "make it with resyncer golden record");
  GoldenRecord record;
  try {
    const Json json = Json::parse(contents(file));
    if (json.at("golden") != kSchemaVersion) damaged(file, "its version is unknown");
    using Texts = std::map<std::string, std::string>;
    record.version = json.at("version").get<std::string>();
    record.options = json.at("options").get<std::string>();
    record.machine = json.at("machine").get<Texts>();
    record.models = json.at("models").get<Texts>();
    record.inputs = json.at("inputs").get<Texts>();
    record.format = json.at("picture").get<std::string>();
    record.figures = json.at("figures").get<Figures>();
    record.frames = frames_of(json.at("frames"), file);
    record.mouths = mouths_of(json.at("mouths"), file);
    for (const Json& picture : json.at("pictures"))
      record.pictures.push_back(picture_from(picture, record.frames.size(), folder));
  } catch (const Json::exception&) {
    damaged(file, "it is no JSON of the kind expected");
  } catch (const cv::Exception&) {
    damaged(file, "a picture");
  }
  return record;
}

}  // namespace resyncer::pipeline
