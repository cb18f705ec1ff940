// resyncer doctor: can this machine render, and how well?
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <opencv2/core/utility.hpp>
#include <set>

#include "cli/command.h"
#include "cli/configuration.h"
#include "cli/machine.h"
#include "cli/option_table.h"
#include "resyncer/core/error.h"
#include "resyncer/generator/rewired_generator.h"
#include "resyncer/media/versions.h"
#include "resyncer/nets/torch_build.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/models.h"
#include "resyncer/track/face_tracker.h"

extern char** environ;

namespace resyncer::cli {

namespace {

namespace fs = std::filesystem;
using core::ErrorKind;

constexpr double kGigabyte = 1e9;
constexpr double kLeastMemory = 2 * kGigabyte;  // 4K renders peak below it
constexpr double kLeastDisk = 2 * kGigabyte;    // the cache's own limit

enum class Level { ok, warning, problem };

struct Finding {
  std::string subject;
  Level level = Level::ok;
  std::string text, remedy;
  ErrorKind kind = ErrorKind::internal;  // of a problem: what a render would end with
};

using Findings = std::vector<Finding>;

const char* name(Level level) {
  return level == Level::ok ? "ok" : level == Level::warning ? "warning" : "problem";
}

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", bytes / kGigabyte);
  return text;
}

void look_at_machine(Findings* findings) {
  const Machine machine = describe_machine();
  Finding cpu{"cpu", Level::ok, CLI::detail::join(machine.cpu_features, " "), ""};
  cpu.text += generator::fast_bf16() ? "; the network runs in bf16" : "; the network runs in fp32";
  const auto& known = machine.cpu_features;
  if (std::find(known.begin(), known.end(), "avx2") == known.end())
    cpu.level = Level::warning, cpu.text = "no AVX2: renders take several times as long",
    cpu.remedy = "use another machine";
  findings->push_back(cpu);

  Finding cores{"cores", Level::ok, std::to_string(machine.cores), ""};
  if (machine.cgroup_cores && *machine.cgroup_cores < machine.cores) {
    char limit[64];
    std::snprintf(limit, sizeof limit, ", of which the cgroup grants %.1f", *machine.cgroup_cores);
    cores.text += limit;
    cores.level = Level::warning;
    cores.remedy = "pass --threads " + std::to_string(std::max(1, int(*machine.cgroup_cores)));
  }
  findings->push_back(cores);

  const double limit = double(std::min(machine.memory, machine.cgroup_memory.value_or(machine.memory)));
  Finding memory{"memory", Level::ok,
                 gigabytes(limit) + ", free on the machine " + gigabytes(double(machine.free_memory)), ""};
  if (std::min(limit, double(machine.free_memory)) < kLeastMemory)
    memory.level = Level::warning, memory.remedy = "large frames may not fit; use fewer --threads";
  findings->push_back(memory);
}

void look_at_libraries(Findings* findings) {
  const nets::TorchBuild torch = nets::torch_build();
  findings->push_back({"libtorch", Level::ok,
                       torch.version + ", CPU capability " + torch.capability + ", " +
                           std::to_string(torch.threads) + " threads",
                       ""});
  const std::string openblas = loaded_library("libopenblas"), mkl = loaded_library("libmkl");
  const std::string blas = !openblas.empty() ? openblas : !mkl.empty() ? mkl : loaded_library("libblas");
  Finding multiplies{"blas", Level::ok, blas, ""};
  if (openblas.empty() && mkl.empty())
    multiplies = {"blas", Level::warning, "the reference BLAS: matrices take 20 times as long",
                  "install libopenblas0-pthread"};
  findings->push_back(multiplies);
  findings->push_back({"opencv", Level::ok, cv::getVersionString(), ""});
}

void look_at_ffmpeg(Findings* findings) {
  findings->push_back({"ffmpeg", Level::ok, media::ffmpeg_version() + ": " + media::libav_versions(), ""});
  std::string lacking;
  const auto need = [&](const char* what, bool is_there) {
    if (!is_there) lacking += (lacking.empty() ? "" : ", ") + std::string(what);
  };
  for (const char* decoder : {"h264", "hevc", "vp9", "aac", "mp3", "flac", "opus", "pcm_s16le", "png"})
    need(decoder, media::has_decoder(decoder));
  Finding decoders{"decoders", Level::ok, "all that are usual", ""};
  if (!lacking.empty())
    decoders = {"decoders", Level::warning, "there is no " + lacking, "install a complete FFmpeg"};
  findings->push_back(decoders);

  lacking.clear();
  for (const char* encoder : {"libx264", "libx265", "libvpx-vp9", "ffv1", "aac", "flac"})
    need(encoder, media::has_encoder(encoder));
  Finding encoders{"encoders", Level::ok, "all that are usual", ""};
  if (!lacking.empty())
    encoders = {"encoders", Level::warning, "there is no " + lacking, "install a complete FFmpeg"};
  if (!media::has_encoder("libx264") && !media::has_encoder("libx265") && !media::has_encoder("libvpx-vp9"))
    encoders.level = Level::problem, encoders.kind = ErrorKind::output;
  findings->push_back(encoders);
}

void look_at_models(const GlobalOptions& global, Findings* findings) {
  const fs::path landmarks = track::landmark_file({});
  if (::access(landmarks.c_str(), R_OK) == 0)
    findings->push_back({"landmarks", Level::ok, landmarks.string(), ""});
  else
    findings->push_back({"landmarks", Level::problem, landmarks.string() + " cannot be read",
                         "install libdlib-data, or pass --landmarks FILE", ErrorKind::model});
  try {
    const pipeline::ModelSet set = pipeline::find_models(global.models_folder());
    for (const pipeline::ModelEntry& entry : set.entries) pipeline::check_file(entry);
    findings->push_back(
        {"models", Level::ok,
         set.folder.string() + ": " + std::to_string(set.entries.size()) + " files, hashes right", ""});
  } catch (const core::Error& e) {
    findings->push_back({"models", Level::problem, e.what(), "", e.kind()});
  }
}

// The nearest folder that is there.
fs::path existing_part(fs::path folder) {
  std::error_code ignored;
  while (!folder.empty() && !fs::exists(folder, ignored) && folder != folder.parent_path())
    folder = folder.parent_path();
  return folder;
}

double free_bytes(const fs::path& folder) {
  struct statvfs disk {};
  return ::statvfs(folder.c_str(), &disk) == 0 ? double(disk.f_bavail) * double(disk.f_frsize) : 0;
}

Finding look_at_folder(const std::string& subject, const fs::path& folder, const std::string& before) {
  const fs::path there = existing_part(folder);
  const double free = free_bytes(there);
  Finding finding{subject, Level::ok, folder.string() + ": " + before + gigabytes(free) + " free", ""};
  if (::access(there.c_str(), W_OK | X_OK) != 0)
    finding = {subject, Level::warning, there.string() + " is not writable", "mend its permissions"};
  else if (free < kLeastDisk)
    finding.level = Level::warning, finding.remedy = "free some space";
  return finding;
}

void look_at_disk(Findings* findings) {
  const fs::path cache = pipeline::default_cache_folder();
  if (cache.empty()) {
    findings->push_back({"cache", Level::warning, "there is none: every render analyses its video anew",
                         "set XDG_CACHE_HOME or HOME"});
  } else {
    double bytes = 0;
    std::error_code error;
    for (fs::directory_iterator entry(cache, error), end; !error && entry != end; entry.increment(error)) {
      std::error_code vanished;
      const std::uintmax_t size = fs::file_size(entry->path(), vanished);
      if (!vanished) bytes += double(size);
    }
    Finding finding = look_at_folder("cache", cache, gigabytes(bytes) + " kept, ");
    if (finding.level == Level::warning && finding.remedy != "free some space")
      finding.remedy = "mend its permissions, or set XDG_CACHE_HOME; without it every render analyses anew";
    findings->push_back(finding);
  }
  std::error_code error;
  const fs::path temporary = fs::temp_directory_path(error);
  if (error)
    findings->push_back(
        {"temporary", Level::warning, "there is no folder for temporary files", "set TMPDIR"});
  else
    findings->push_back(look_at_folder("temporary", temporary, ""));
}

// Variables that begin like ours and set nothing: most likely misspelt.
std::string unknown_variables(const CLI::App& root) {
  std::set<std::string> known;
  for (const CLI::App* command : all_commands(root))
    for (const CLI::Option* option : named_options(*command)) known.insert(variable_name(*command, *option));
  std::string text;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string entry = *variable, variable_text = entry.substr(0, entry.find('='));
    if (variable_text.rfind("RESYNCER_", 0) == 0 && known.count(variable_text) == 0)
      text += (text.empty() ? "" : ", ") + variable_text;
  }
  return text;
}

void look_at_configuration(const CLI::App& root, const Configuration& configuration, Findings* findings) {
  std::string files;
  for (const fs::path& file : configuration.files) files += (files.empty() ? "" : ", ") + file.string();
  Finding finding{"configuration", Level::ok, files.empty() ? "no file" : files, ""};
  if (!configuration.fault.empty())
    finding = {"configuration", Level::problem, configuration.fault, "", ErrorKind::usage};
  findings->push_back(finding);
  if (const std::string unknown = unknown_variables(root); !unknown.empty())
    findings->push_back({"environment", Level::warning, unknown + ": no option has this variable",
                         "see resyncer config show"});
}

void print_text(const Findings& findings) {
  for (const Finding& f : findings) {
    std::string line = name(f.level);
    line.resize(9, ' ');
    line += f.subject;
    line.resize(std::max<std::size_t>(24, line.size() + 1), ' ');
    std::cout << line << f.text << (f.remedy.empty() ? "" : "; " + f.remedy) << '\n';
  }
}

void print_json(const Findings& findings) {
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& f : findings)
    list.push_back(
        {{"subject", f.subject}, {"level", name(f.level)}, {"text", f.text}, {"remedy", f.remedy}});
  std::cout << nlohmann::json{{"version", RESYNCER_VERSION}, {"findings", list}}.dump(
                   2, ' ', false, nlohmann::json::error_handler_t::replace)
            << '\n';
}

void run_doctor(const CLI::App& root, bool as_json, const GlobalOptions& global) {
  Findings findings;
  look_at_machine(&findings);
  look_at_libraries(&findings);
  look_at_ffmpeg(&findings);
  look_at_models(global, &findings);
  look_at_disk(&findings);
  look_at_configuration(root, *global.configuration, &findings);
  as_json ? print_json(findings) : print_text(findings);
  std::cout << std::flush;
  for (const Finding& f : findings)
    if (f.level == Level::problem) throw core::Error(f.kind, f.text, f.subject, f.remedy);
}

}  // namespace

void add_doctor(CLI::App* app, GlobalOptions* global, Run* run) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command =
      app->add_subcommand("doctor", "Whether this machine can render: libraries, models, disk");
  command->add_flag("--json", *as_json, "Print JSON");
  command->callback([=] { *run = [=] { run_doctor(*app, *as_json, *global); }; });
}

}  // namespace resyncer::cli
