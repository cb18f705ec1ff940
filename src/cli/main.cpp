// resyncer: find the command, parse only, then run; the one place where exceptions become messages and exit
// codes.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <new>
#include <string>
#include <system_error>

#include "cli/command.h"
#include "cli/log.h"
#include "cli/streamed_input.h"
#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"

namespace {

using resyncer::core::ErrorKind;

// On SIGINT and SIGTERM nothing half-written is left; 128 + signal is the shell's convention.
extern "C" void leave_on_signal(int signal) {
  resyncer::core::remove_unfinished_outputs();
  _exit(128 + signal);
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = leave_on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of write(), not a death
  std::signal(SIGXFSZ, SIG_IGN);  // likewise a file beyond the user's limit
}

// Or the first files opened would take the places of the standard streams that the caller has closed.
void occupy_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0) (void)!::open("/dev/null", O_RDONLY);
}

int fail(ErrorKind kind, const std::string& message) {
  resyncer::cli::log_error(kind, resyncer::cli::StreamedInputs::in_the_users_words(message));
  return resyncer::core::exit_code(kind);
}

// LibTorch and OpenCV report a failed allocation as an exception of their own.
bool is_out_of_memory(const std::string& message) {
  return message.find("can't allocate memory") != std::string::npos ||
         message.find("Insufficient memory") != std::string::npos ||
         message.find("Cannot allocate memory") != std::string::npos;
}

// No memory for the stack of one more thread.
bool is_no_thread(const std::exception& e) {
  const auto* error = dynamic_cast<const std::system_error*>(&e);
  return error != nullptr && (error->code() == std::errc::resource_unavailable_try_again ||
                              error->code() == std::errc::not_enough_memory);
}

int guarded(const resyncer::cli::Run& run) {
  try {
    run();
    return 0;
  } catch (const resyncer::core::Error& e) {
    return fail(e.kind(), e.what());
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::memory, "out of memory; use fewer --threads or a smaller video");
  } catch (const std::exception& e) {
    std::string message = e.what();
    if (is_out_of_memory(message) || is_no_thread(e))
      return fail(ErrorKind::memory, "out of memory; use fewer --threads or a smaller video");
    return fail(ErrorKind::internal, "internal error: " + message.substr(0, message.find('\n')) +
                                         "; please report it with the command line");
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace resyncer::cli;
  occupy_standard_streams();
  catch_signals();
  CLI::App app{"Offline lip-sync video renderer: the same video, speaking new words."};
  app.set_version_flag("--version", "resyncer " RESYNCER_VERSION);
  app.require_subcommand(1);
  app.fallthrough();

  GlobalOptions global;
  bool quiet = false;
  app.add_flag("-v,--verbose", global.verbosity, "Say more (twice: everything)");
  app.add_flag("-q,--quiet", quiet, "Say only errors");
  app.add_option("--log-format", global.log_format, "text or json")->check(CLI::IsMember({"text", "json"}));
  app.add_option("--models", global.models,
                 "Folder of the weights (default: $RESYNCER_MODELS, beside the binary)");
  app.add_option("--progress", global.progress, "Write progress as key=value lines to FILE or fd:N");

  Run run;
  add_render(&app, &global, &run);
  add_inspect(&app, &global, &run);
  add_models(&app, &global, &run);
  add_personalize(&app, &global, &run);
  add_style(&app, &global, &run);
  add_prepare(&app, &global, &run);
  add_train(&app, &global, &run);
  add_eval(&app, &global, &run);
  add_compare(&app, &global, &run);
  add_golden(&app, &global, &run);
  add_bench(&app, &global, &run);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    return fail(ErrorKind::usage, std::string(e.what()) + "; see resyncer --help");
  }
  if (quiet) global.verbosity = -1;
  start_log(global);
  int status = guarded(run);
  // Library teardown (LibTorch's thread pools) is slow and can only lose; everything of ours is closed.
  std::cout.flush();
  std::cerr.flush();
  return status;
}
