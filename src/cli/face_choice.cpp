#include "cli/face_choice.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <vector>

#include "resyncer/core/error.h"

namespace resyncer::cli {

namespace {
constexpr float kMost = 1e6F;  // px

// All of the text as a coordinate; not-a-number when it is none.
float coordinate(const std::string& text) {
  try {
    std::size_t used = 0;
    float value = std::stof(text, &used);
    return used == text.size() && std::abs(value) <= kMost ? value : NAN;
  } catch (const std::exception&) {
    return NAN;
  }
}

std::vector<float> coordinates(const std::string& text, std::size_t count, const std::string& option) {
  std::vector<float> values;
  std::istringstream stream(text +
                            ",");  // so that nothing after the last comma is an empty part, not the end
  for (std::string part; std::getline(stream, part, ',');) values.push_back(coordinate(part));
  bool sound = std::none_of(values.begin(), values.end(), [](float v) { return std::isnan(v); });
  if (!sound || values.size() != count)
    throw core::Error(core::ErrorKind::usage,
                      "'" + text + "' is not " + std::to_string(count) + " numbers with commas", option);
  return values;
}
}  // namespace

void add_face_options(CLI::App* command, FaceFlags* flags, track::TrackerOptions* tracker) {
  auto* index = command->add_option("--face", flags->index, "Face track by number (see resyncer inspect)")
                    ->check(CLI::NonNegativeNumber);
  auto* point = command->add_option("--face-at", flags->point, "Face by a point on it: X,Y in upright pixels")
                    ->excludes(index);
  command->add_option("--face-box", flags->box, "Face by a box: LEFT,TOP,RIGHT,BOTTOM in upright pixels")
      ->excludes(index)
      ->excludes(point);
  command->add_option("--landmarks", tracker->landmark_model, "Another 68-point dlib shape predictor");
}

track::FaceChoice parse_face_choice(const FaceFlags& flags) {
  const auto& [index, point, box] = flags;
  if ((index >= 0) + !point.empty() + !box.empty() > 1)
    throw core::Error(core::ErrorKind::usage, "--face, --face-at and --face-box exclude each other");
  track::FaceChoice choice;
  if (index >= 0) choice.index = index;
  if (!point.empty()) {
    auto v = coordinates(point, 2, "--face-at");
    choice.point = core::Point2(v[0], v[1]);
  }
  if (!box.empty()) {
    auto v = coordinates(box, 4, "--face-box");
    choice.box = core::Box{int(v[0]), int(v[1]), int(v[2]), int(v[3])};
    if (choice.box->empty()) throw core::Error(core::ErrorKind::usage, "the box is empty", "--face-box");
  }
  return choice;
}

}  // namespace resyncer::cli
