#include "cli/face_choice.h"

#include <sstream>
#include <vector>

#include "resyncer/core/error.h"

namespace resyncer::cli {

namespace {
std::vector<float> numbers(const std::string& text, std::size_t count, const std::string& option) {
  std::vector<float> values;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    try {
      std::size_t used = 0;
      values.push_back(std::stof(part, &used));
      if (used != part.size()) values.clear();
    } catch (const std::exception&) {
      values.clear();
    }
    if (values.empty()) break;
  }
  if (values.size() != count)
    throw core::Error(core::ErrorKind::usage,
                      "'" + text + "' is not " + std::to_string(count) + " numbers with commas", option);
  return values;
}
}  // namespace

track::FaceChoice parse_face_choice(int index, const std::string& point, const std::string& box) {
  if ((index >= 0) + !point.empty() + !box.empty() > 1)
    throw core::Error(core::ErrorKind::usage, "--face, --face-at and --face-box exclude each other");
  track::FaceChoice choice;
  if (index >= 0) choice.index = index;
  if (!point.empty()) {
    auto v = numbers(point, 2, "--face-at");
    choice.point = core::Point2(v[0], v[1]);
  }
  if (!box.empty()) {
    auto v = numbers(box, 4, "--face-box");
    choice.box = core::Box{int(v[0]), int(v[1]), int(v[2]), int(v[3])};
    if (choice.box->empty()) throw core::Error(core::ErrorKind::usage, "the box is empty", "--face-box");
  }
  return choice;
}

}  // namespace resyncer::cli
