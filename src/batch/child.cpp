#include "batch/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "resyncer/core/error.h"

namespace resyncer::batch {

namespace {

using core::Error;
using core::ErrorKind;

constexpr int kProgressFd = 3;
constexpr std::size_t kMostLine = 4096, kMostTail = 20, kMostWarnings = 20;

struct Pipe {
  int read = -1, write = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw Error(ErrorKind::internal, std::string("no pipe: ") + std::strerror(errno));
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {ends[0], ends[1]};
}

// Between fork and exec: only what is safe in a copy of a process that may have had threads.
[[noreturn]] void become(char* const* argv, const char* folder, const Pipe& talk, const Pipe& progress,
                         pid_t parent) {
  const int null = ::open("/dev/null", O_RDONLY);
  // The pipe's ends first go out of the way of the numbers that they will have.
  const int talk_end = ::fcntl(talk.write, F_DUPFD, kProgressFd + 1);
  const int progress_end = ::fcntl(progress.write, F_DUPFD, kProgressFd + 1);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const bool ready = ::getppid() == parent && null >= 0 && ::chdir(folder) == 0 && ::dup2(null, 0) == 0 &&
                     ::dup2(talk_end, 1) == 1 && ::dup2(talk_end, 2) == 2 &&
                     ::dup2(progress_end, kProgressFd) == kProgressFd;
  if (null > kProgressFd) ::close(null);
  ::close(talk_end);
  ::close(progress_end);
  if (ready) ::execv("/proc/self/exe", argv);
  _exit(127);
}

// Calls `take` for every whole line of what `fd` has, closes it at its end.
void read_lines(int* fd, std::string* rest, const std::function<void(const std::string&)>& take) {
  std::array<char, 1 << 14> block{};
  while (*fd >= 0) {
    const ssize_t n = ::read(*fd, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;  // nothing more for now
    if (n == 0) {
      ::close(*fd);
      *fd = -1;
      if (!rest->empty()) take(*rest);
      rest->clear();
      return;
    }
    for (ssize_t i = 0; i < n; ++i) {
      const char c = block[std::size_t(i)];
      if (c == '\n' || c == '\r') {
        if (!rest->empty()) take(*rest);
        rest->clear();
      } else if (rest->size() < kMostLine) {
        *rest += c;
      }
    }
  }
}

}  // namespace

Child::Child(const std::vector<std::string>& arguments, const std::filesystem::path& folder) {
  const Pipe talk = make_pipe(), progress = make_pipe();
  std::vector<std::string> texts = {"resyncer"};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  const std::string cwd = folder.string();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(argv.data(), cwd.c_str(), talk, progress, parent);
  const int cause = errno;
  ::close(talk.write);
  ::close(progress.write);
  talk_ = talk.read;
  progress_ = progress.read;
  if (pid_ > 0)
    process_ = int(::syscall(SYS_pidfd_open, pid_, 0));  // close-on-exec; glibc 2.36 declares it for C alone
  if (process_ >= 0) return;
  const std::string why = std::strerror(pid_ < 0 ? cause : errno);
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(talk_);
  ::close(progress_);
  throw Error(ErrorKind::internal, "no process can be started: " + why);
}

Child::~Child() {
  if (pid_ > 0) {
    constexpr int kPatience = 5000;  // ms, to remove what is half written
    ::kill(pid_, SIGTERM);
    pollfd ended{process_, POLLIN, 0};
    if (::poll(&ended, 1, kPatience) != 1) ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (int fd : {process_, talk_, progress_})
    if (fd >= 0) ::close(fd);
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

void Child::read() {
  read_lines(&talk_, &talk_rest_, [this](const std::string& line) { read_talk(line); });
  read_lines(&progress_, &progress_rest_, [this](const std::string& line) {
    if (line.rfind("stage=", 0) == 0) stage_ = line.substr(6);
  });
}

// Lines of --log-format json, and what libraries say as they like.
void Child::read_talk(const std::string& line) {
  std::string text = line;
  const nlohmann::json said = nlohmann::json::parse(line, nullptr, false);
  if (said.is_object() && said.contains("level") && said.contains("message") && said["message"].is_string() &&
      said["level"].is_string()) {
    text = said["message"].get<std::string>();
    if (said["level"] == "error") error_ = text;
    if (said["level"] == "warning" && warnings_.size() < kMostWarnings) warnings_.push_back(text);
  }
  tail_.push_back(text);
  if (tail_.size() > kMostTail) tail_.pop_front();
}

std::string Child::tail() const {
  std::string text;
  for (const std::string& line : tail_) text += line + '\n';
  return text;
}

ChildEnd Child::end() {
  int status = 0;
  struct rusage usage {};
  while (::wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  read();
  ChildEnd end;
  end.peak_memory_bytes = std::int64_t(usage.ru_maxrss) * 1024;
  if (WIFSIGNALED(status))
    end.signal = WTERMSIG(status);
  else
    end.exit_code = WEXITSTATUS(status);
  return end;
}

}  // namespace resyncer::batch
