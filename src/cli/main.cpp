// resyncer: find the command, parse only, then run; the one place where exceptions become messages and exit
// codes.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <system_error>

#include "cli/command_line.h"
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

// `added`: what configuration has put into the command line.
int guarded(const resyncer::cli::Run& run, const resyncer::cli::Settings& added) {
  try {
    run();
    return 0;
  } catch (const resyncer::core::Error& e) {
    const std::string origins =
        e.kind() == ErrorKind::usage ? resyncer::cli::origins_named(e.what(), added) : "";
    return fail(e.kind(), e.what() + origins);
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
  std::unique_ptr<CommandLine> line;
  Configuration configuration;
  try {
    line = parse_command_line(argc, argv, &configuration);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return 0;  // --help, --version
    return fail(ErrorKind::usage,
                e.what() + origins_named(e.what(), configuration.added) + "; see resyncer --help");
  } catch (const resyncer::core::Error& e) {
    return fail(e.kind(), e.what());
  }
  start_log(line->global);
  int status = guarded(line->run, configuration.added);
  // Library teardown (LibTorch's thread pools) is slow and can only lose; everything of ours is closed.
  std::cout.flush();
  std::cerr.flush();
  return status;
}
