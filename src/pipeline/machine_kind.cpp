#include "pipeline/machine_kind.h"

#include <gnu/libc-version.h>
#include <link.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <vector>

namespace resyncer::pipeline {

namespace {

namespace fs = std::filesystem;

bool begins_with_one_of(const std::string& text, const std::vector<std::string>& beginnings) {
  for (const std::string& beginning : beginnings)
    if (text.compare(0, beginning.size(), beginning) == 0) return true;
  return false;
}

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// The file behind "libx264.so.164" may have a finer version in its name.
int note_library(dl_phdr_info* info, std::size_t, void* names) {
  const std::vector<std::string> kThatCompute = {
      "libtorch_cpu", "libc10",       "libmkl",         "libdnnl",           "libblas", "libopenblas",
      "liblapack",    "libavcodec",   "libswscale",     "libswresample",     "libx264", "libx265",
      "libvpx",       "libSvtAv1Enc", "libopencv_core", "libopencv_imgproc", "libdlib"};
  std::error_code error;
  const fs::path file = fs::canonical(info->dlpi_name, error);
  if (!error && begins_with_one_of(file.filename().string(), kThatCompute))
    static_cast<std::set<std::string>*>(names)->insert(file.filename().string());
  return 0;
}

std::string field(const std::string& cpuinfo, const std::string& name) {
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || line.compare(0, name.size(), name) != 0) continue;
    if (line.find_first_not_of(" \t", name.size()) != colon) continue;
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

}  // namespace

std::string cpu_kind(const std::string& cpuinfo) {
  // Flags of the kernel's own and of security stand among these: only what arithmetic is chosen by counts.
  const std::vector<std::string> kVector = {"sse", "ssse", "avx",   "fma", "f16c",
                                            "bmi", "amx",  "asimd", "sve", "popcnt"};
  std::set<std::string> flags;
  std::istringstream words(field(cpuinfo, "flags") + ' ' + field(cpuinfo, "Features"));
  for (std::string word; words >> word;)
    if (begins_with_one_of(word, kVector)) flags.insert(word);
  const std::string maker = field(cpuinfo, "vendor_id");
  if (maker.empty())
    return "implementer " + field(cpuinfo, "CPU implementer") + " part " + field(cpuinfo, "CPU part") + ": " +
           joined(flags);
  return maker + " family " + field(cpuinfo, "cpu family") + " model " + field(cpuinfo, "model") + ": " +
         joined(flags);
}

std::map<std::string, std::string> machine_kind() {
  std::ifstream stream("/proc/cpuinfo");
  std::set<std::string> libraries, settings;
  dl_iterate_phdr(note_library, &libraries);
  for (const char* name : {"ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA",
                           "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "OPENBLAS_CORETYPE", "OPENCV_CPU_DISABLE"})
    if (const char* value = std::getenv(name)) settings.insert(std::string(name) + '=' + value);
  return {{"cpu", cpu_kind({std::istreambuf_iterator<char>(stream), {}})},
          {"libraries", joined(libraries) + " glibc " + gnu_get_libc_version()},
          {"compiler", __VERSION__},
          {"settings", joined(settings)}};
}

}  // namespace resyncer::pipeline
