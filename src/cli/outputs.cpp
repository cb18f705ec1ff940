#include "cli/outputs.h"

#include <unistd.h>

#include <iostream>

#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"

namespace resyncer::cli {

namespace fs = std::filesystem;

void spare_inputs(const std::vector<fs::path>& outputs, const std::vector<fs::path>& inputs) {
  std::error_code ignored;
  for (const fs::path& file : outputs) {
    if (file.empty() || !fs::exists(file, ignored)) continue;
    for (const fs::path& input : inputs)
      if (!input.empty() && fs::equivalent(file, input, ignored))
        throw core::Error(core::ErrorKind::usage, "is an input of this job", file.string(),
                          "choose another name");
  }
}

void check_overwrite(const fs::path& file, Overwrite manner) {
  std::error_code error, ignored;
  (void)fs::status(file, error);
  if (error == std::errc::filename_too_long)
    throw core::Error(core::ErrorKind::output, "the name is too long", file.string(), "choose a shorter one");
  if (file.empty() || core::written_in_place(file)) return;
  core::remove_abandoned(file);
  if (!fs::exists(file, ignored) || manner == Overwrite::always) return;
  if (manner == Overwrite::ask && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1) {
    std::cerr << file.string() << " exists. Overwrite? [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "Y") return;
  }
  throw core::Error(core::ErrorKind::output, "exists already", file.string(), "pass -y to overwrite it");
}

}  // namespace resyncer::cli
