#include "cli/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace resyncer::cli {

namespace {

// JSON needs its payload escaped, which spdlog's patterns cannot do.
class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    auto name = spdlog::level::to_string_view(message.level);
    nlohmann::json line = {
        {"time",
         std::chrono::duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch()).count()},
        {"level", std::string(name.data(), name.size())},
        {"message", std::string(message.payload.data(), message.payload.size())}};
    std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

}  // namespace

void start_log(const GlobalOptions& global) {
  auto logger = spdlog::get("resyncer");
  if (logger == nullptr) logger = spdlog::stderr_color_mt("resyncer");
  spdlog::set_default_logger(logger);
  if (global.log_format == "json")
    spdlog::set_formatter(std::make_unique<JsonFormatter>());
  else
    spdlog::set_pattern("resyncer: %^%v%$");
  spdlog::set_level(global.verbosity < 0    ? spdlog::level::err
                    : global.verbosity == 0 ? spdlog::level::info
                    : global.verbosity == 1 ? spdlog::level::debug
                                            : spdlog::level::trace);
}

void log_error(core::ErrorKind kind, const std::string& message) {
  if (spdlog::get("resyncer") == nullptr) start_log({});
  // Names out of hostile files stand in messages: one line it stays, without commands to the terminal.
  std::string line = message;
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  spdlog::error("error ({}): {}", core::name(kind), line);
}

}  // namespace resyncer::cli
