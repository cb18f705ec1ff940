#include "dataset_part.h"

#include <regex>

#include "resyncer/core/error.h"

namespace resyncer::train {

DatasetPart dataset_part(const std::filesystem::path& name) {
  static const std::regex form(R"((.+)@(-?)(\d{1,6})/(\d{1,6}))");
  std::smatch match;
  const std::string text = name.string();
  if (!std::regex_match(text, match, form)) return {name};
  DatasetPart part{match[1].str(), std::stoul(match[3]), std::stoul(match[4]), match[2].length() > 0};
  if (part.first >= part.every)
    throw core::Error(core::ErrorKind::usage, "'" + text + "' names no part of a file", "",
                      "write FILE@I/N with I from 0 to N - 1");
  return part;
}

std::string dataset_label(const std::filesystem::path& name) {
  const std::filesystem::path file = dataset_part(name).file;
  return file.filename().string() + name.string().substr(file.string().size());
}

}  // namespace resyncer::train
