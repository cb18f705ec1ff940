#include "cli/job_key.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "resyncer/pipeline/content_hash.h"

namespace resyncer::cli {

namespace fs = std::filesystem;

namespace {

// Empty where there is no file of that name.
std::string contents_of(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return pipeline::content_hash(path);
  if (!fs::is_directory(path, error)) return "";
  std::set<fs::path> files;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error))
    if (std::error_code ignored; it->is_regular_file(ignored)) files.insert(it->path());
  std::string all;
  for (const fs::path& file : files)
    all += file.filename().string() + '=' + pipeline::content_hash(file) + ';';
  return all;
}

}  // namespace

std::string job_key(const CLI::App& command, const pipeline::ModelSet& models,
                    const std::vector<std::string>& but) {
  std::string text = command.get_name() + '\n' + RESYNCER_VERSION + '\n';
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || std::find(but.begin(), but.end(), name) != but.end()) continue;
    text += name + '\n';
    for (const std::string& value : option->results())
      text += '\t' + value + '\n' + contents_of(value) + '\n';
  }
  for (const auto& entry : models.entries) text += entry.id + '=' + entry.sha256 + '\n';
  return pipeline::content_hash(text.data(), text.size());
}

}  // namespace resyncer::cli
