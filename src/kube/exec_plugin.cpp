#include "remint/kube/exec_plugin.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <system_error>
#include <vector>

#include "remint/base/text.hpp"
#include "remint/kube/tls.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace remint::kube {
namespace {

constexpr std::size_t kMaxStdout = 1U << 20U;
constexpr std::size_t kMaxStderr = 4096;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }
  void reset(int fd = -1) {
    if (fd_ >= 0) {
      ::close(fd_);
    }
    fd_ = fd;
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read, write;
  [[nodiscard]] bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return false;
    }
    read.reset(ends[0]);
    write.reset(ends[1]);
    return true;
  }
};

// A child that is always reaped; killed with its whole group unless it has ended.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      int ignored = 0;
      while (::waitpid(pid_, &ignored, 0) < 0 && errno == EINTR) {
      }
    }
  }
  // nullopt: still running.
  std::optional<int> status() {
    int status = 0;
    if (pid_ <= 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) {
      return std::nullopt;
    }
    pid_ = 0;
    return status;
  }

 private:
  pid_t pid_;
};

std::vector<std::string> child_environment(const ExecPlugin& plugin, const std::string& info) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (const std::size_t equals = text.find('='); equals != std::string_view::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  if (const SystemTrust& trust = system_trust(); trust.taken_over) {
    variables.erase("SSL_CERT_FILE");
    variables.erase("SSL_CERT_DIR");
    if (trust.has_cert_file) {
      variables["SSL_CERT_FILE"] = trust.cert_file;
    }
    if (trust.has_cert_dir) {
      variables["SSL_CERT_DIR"] = trust.cert_dir;
    }
  }
  for (const auto& [name, value] : plugin.env) {
    variables[name] = value;
  }
  variables["KUBERNETES_EXEC_INFO"] = info;
  std::vector<std::string> out;
  out.reserve(variables.size());
  for (const auto& [name, value] : variables) {
    out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (std::string& text : strings) {
    out.push_back(text.data());
  }
  out.push_back(nullptr);
  return out;
}

Result<pid_t> spawn(const ExecPlugin& plugin, const std::string& info, const Pipe& out, const Pipe& err) {
  std::vector<std::string> arguments{plugin.command};
  arguments.insert(arguments.end(), plugin.args.begin(), plugin.args.end());
  std::vector<std::string> environment = child_environment(plugin, info);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
  // Sockets of libraries that forget O_CLOEXEC are no business of the plugin.
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);  // a server ignores it; shell scripts rely on it
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, plugin.command.c_str(), &actions, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    const std::string hint = plugin.install_hint.empty() ? "" : "; " + sanitize(plugin.install_hint, 300);
    return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInvalid,
                fmt::format("cannot be run: {}{}", std::generic_category().message(error), hint));
  }
  return pid;
}

// Reads what is there; closes the end at EOF. False: the cap was passed.
bool drain(Descriptor& end, std::string& into, std::size_t cap, bool keep_tail) {
  std::array<char, 16384> chunk{};
  const ssize_t got = ::read(end.get(), chunk.data(), chunk.size());
  if (got <= 0) {
    if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
      end.reset();
    }
    return true;
  }
  into.append(chunk.data(), static_cast<std::size_t>(got));
  if (into.size() > cap) {
    if (!keep_tail) {
      return false;
    }
    into.erase(0, into.size() - cap);
  }
  return true;
}

std::string how_it_ended(int status) {
  return WIFSIGNALED(status) ? fmt::format("was ended by signal {}", WTERMSIG(status))
                             : fmt::format("failed with exit code {}", WEXITSTATUS(status));
}

Result<ExecCredential> run(const ExecPlugin& plugin, const std::string& info,
                           std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) {
  Pipe out;
  Pipe err;
  if (!out.open() || !err.open()) {
    return fail(ErrorCode::kUnavailable, "cannot make a pipe: " + std::generic_category().message(errno));
  }
  const auto pid = spawn(plugin, info, out, err);
  if (!pid) {
    return std::unexpected(pid.error());
  }
  Child child(*pid);
  out.write.reset();
  err.write.reset();

  std::string output;
  std::string complaints;
  for (;;) {
    if (stop.stop_requested()) {
      return fail(ErrorCode::kCancelled, "stopped while it ran");
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(ErrorCode::kTimeout, "did not answer in time, and was killed");
    }
    std::array<pollfd, 2> ends{{{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}}};
    // Short, because neither a stop nor a child whose own children keep the pipes open wakes poll().
    ::poll(ends.data(), ends.size(), 20);
    if (ends[0].revents != 0 && !drain(out.read, output, kMaxStdout, false)) {
      return fail(ErrorCode::kTooLarge, fmt::format("printed more than {} bytes", kMaxStdout));
    }
    if (ends[1].revents != 0) {
      drain(err.read, complaints, kMaxStderr, true);
    }
    if (ends[0].revents != 0 || ends[1].revents != 0) {
      continue;
    }
    if (const auto status = child.status()) {
      if (*status != 0) {
        return fail(ErrorCode::kInvalid, fmt::format("{}: {}", how_it_ended(*status), sanitize(complaints, 300)));
      }
      return parse_exec_credential(output, plugin.api_version);
    }
  }
}

}  // namespace

Result<ExecCredential> run_exec_plugin(const ExecPlugin& plugin, const std::string& info,
                                       std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) {
  auto credential = run(plugin, info, deadline, stop);
  if (!credential) {
    return fail_in(credential.error(), fmt::format("exec plugin {}", sanitize(plugin.command, 200)));
  }
  return credential;
}

}  // namespace remint::kube
