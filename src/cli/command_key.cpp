#include "cli/command_key.h"

#include <algorithm>
#include <filesystem>

#include "cli/option_table.h"
#include "resyncer/batch/job_key.h"
#include "resyncer/pipeline/content_hash.h"
#include "resyncer/pipeline/speakers.h"

namespace resyncer::cli {

namespace fs = std::filesystem;

namespace {

// Empty where there is no file of that name.
std::string contents_of(const fs::path& path, batch::FileHashes* hashes) {
  std::error_code error;
  const bool is_there = fs::is_regular_file(path, error) || fs::is_directory(path, error);
  return is_there ? hashes->of(path) : "";
}

}  // namespace

std::string command_key(const CLI::App& command, const pipeline::ModelSet& models,
                        const std::vector<std::string>& but) {
  batch::FileHashes hashes;
  std::string text = command.get_name() + '\n' + RESYNCER_VERSION + '\n';
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || std::find(but.begin(), but.end(), name) != but.end()) continue;
    text += name + '\n';
    for (const std::string& value : option->results()) {
      text += '\t' + value + '\n' + contents_of(value, &hashes) + '\n';
      for (const fs::path& speech : pipeline::speech_files(long_name(*option), value, ""))
        text += contents_of(speech, &hashes) + '\n';
    }
  }
  for (const auto& entry : models.entries) text += entry.id + '=' + entry.sha256 + '\n';
  return pipeline::content_hash(text.data(), text.size());
}

}  // namespace resyncer::cli
