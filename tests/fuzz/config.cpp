#include "fuzz/fuzz_input.h"
#include "resyncer/config/config_file.h"

namespace {

void require_sound(const std::vector<resyncer::config::Setting>& settings) {
  for (const auto& setting : settings) {
    resyncer::fuzz::require(setting.origin.rfind("fuzz.toml:", 0) == 0);
    resyncer::fuzz::require(setting.is_list || setting.values.size() == 1);
    // They become arguments of a command line.
    for (const auto& value : setting.values)
      resyncer::fuzz::require(value.text.find('\0') == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  return fuzz::read_or_refuse([&] {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const config::ConfigFile file = config::parse_config(text, "fuzz.toml");
    require_sound(file.settings);
    for (const auto& [name, settings] : file.profiles) require_sound(settings);
  });
}
