#include "support/fault_proxy.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace remint::testing {
namespace {

constexpr std::size_t kMaxConnections = 256;
constexpr int kPollMs = 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A socket bound to the port, not listening. Two may share it, so that one can hold the port while the other is
/// closed.
int bound_socket(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("fault proxy: cannot bind");
  }
  return fd;
}

bool readable(int fd, int timeout_ms) {
  pollfd state{fd, POLLIN, 0};
  return ::poll(&state, 1, timeout_ms) > 0;
}

struct Pair {
  int client = -1, server = -1;
  std::atomic<bool> cut{false}, finished{false};
  std::atomic<std::uint64_t> epoch{0};  ///< which cut_after `passed` counts for
  std::size_t passed = 0;               ///< bytes to the client since then
  std::thread thread;
};

}  // namespace

struct FaultProxy::Impl {
  explicit Impl(std::uint16_t upstream) : upstream_port(upstream), reserved(bound_socket(0)) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ::getsockname(reserved, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    open_listener();
    acceptor = std::thread([this] { accept_loop(); });
  }

  void open_listener() {
    listener = bound_socket(port);
    ::listen(listener, 128);
  }

  ProxyFaults current() const {
    const std::lock_guard lock(mutex);
    return faults;
  }

  /// The listening socket is this thread's alone: set() waits until it has been opened or closed.
  void accept_loop() {
    while (!stopping) {
      const bool refuse = current().refuse;
      if (refuse && listener >= 0) {
        ::close(listener);
        listener = -1;
      } else if (!refuse && listener < 0) {
        open_listener();
      }
      refusing = refuse;
      if (listener < 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        continue;
      }
      if (!readable(listener, 5)) continue;
      const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) begin(client);
    }
    if (listener >= 0) ::close(listener);
  }

  void begin(int client) {
    const std::lock_guard lock(mutex);
    pairs.remove_if([](Pair& pair) {
      if (!pair.finished) return false;
      pair.thread.join();
      return true;
    });
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(upstream_port);
    if (pairs.size() >= kMaxConnections ||
        ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(server);
      ::close(client);
      return;
    }
    const int on = 1;
    for (const int fd : {client, server}) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++accepted_count;
    Pair& pair = pairs.emplace_back();
    pair.client = client;
    pair.server = server;
    pair.epoch = epoch.load();
    pair.thread = std::thread([this, &pair] { run(pair); });
  }

  void run(Pair& pair) {
    std::array<char, 64U << 10U> buffer{};
    bool reset = false;
    while (!stopping && !pair.cut) {
      if (current().stall) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        continue;
      }
      std::array<pollfd, 2> ends{pollfd{pair.client, POLLIN, 0}, pollfd{pair.server, POLLIN, 0}};
      if (::poll(ends.data(), ends.size(), kPollMs) <= 0) continue;
      if (current().stall) continue;
      if (ends[0].revents != 0) {
        const ssize_t got = ::recv(pair.client, buffer.data(), buffer.size(), 0);
        if (got <= 0 || !send_all(pair, pair.server, {buffer.data(), static_cast<std::size_t>(got)})) break;
      }
      if (ends[1].revents != 0) {
        const ssize_t got = ::recv(pair.server, buffer.data(), buffer.size(), 0);
        if (got <= 0 || !to_client(pair, {buffer.data(), static_cast<std::size_t>(got)}, reset)) break;
      }
    }
    if (reset) {
      const linger at_once{1, 0};
      ::setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    ::close(pair.client);
    ::close(pair.server);
    pair.finished = true;
  }

  bool to_client(Pair& pair, std::string_view bytes, bool& reset) {
    while (!bytes.empty()) {
      const ProxyFaults now = current();
      if (stopping || pair.cut) return false;
      if (now.stall) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        continue;
      }
      if (pair.epoch.exchange(epoch) != epoch) pair.passed = 0;
      std::size_t size = now.slice == 0 ? bytes.size() : std::min(now.slice, bytes.size());
      if (now.cut_after) size = std::min(size, *now.cut_after - std::min(*now.cut_after, pair.passed));
      if (now.delay.count() > 0) std::this_thread::sleep_for(now.delay);
      if (size > 0 && !send_all(pair, pair.client, bytes.substr(0, size))) return false;
      pair.passed += size;
      bytes.remove_prefix(size);
      if (now.cut_after && pair.passed >= *now.cut_after) {
        ++cut_count;
        reset = now.reset;
        return false;
      }
    }
    return true;
  }

  /// Never blocks for long: a receiver that does not read must not keep us from stopping.
  bool send_all(const Pair& pair, int fd, std::string_view bytes) const {
    while (!bytes.empty()) {
      if (stopping || pair.cut) return false;
      const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        pollfd state{fd, POLLOUT, 0};
        ::poll(&state, 1, kPollMs);
      } else {
        return false;
      }
    }
    return true;
  }

  std::uint16_t upstream_port, port = 0;
  int reserved;  ///< holds the port while nobody listens on it
  int listener = -1;
  mutable std::mutex mutex;
  ProxyFaults faults;
  std::list<Pair> pairs;
  std::size_t accepted_count = 0;
  std::atomic<bool> stopping{false}, refusing{false};
  std::atomic<std::uint64_t> epoch{1};
  std::atomic<std::size_t> cut_count{0};
  std::thread acceptor;
};

FaultProxy::FaultProxy(std::uint16_t upstream_port) : impl_(std::make_unique<Impl>(upstream_port)) {}

FaultProxy::~FaultProxy() {
  impl_->stopping = true;
  impl_->acceptor.join();
  for (auto& pair : impl_->pairs) pair.thread.join();
  ::close(impl_->reserved);
}

std::uint16_t FaultProxy::port() const { return impl_->port; }

void FaultProxy::set(const ProxyFaults& faults) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->faults = faults;
    ++impl_->epoch;
  }
  while (impl_->refusing != faults.refuse) std::this_thread::yield();
}

void FaultProxy::cut_all() {
  const std::lock_guard lock(impl_->mutex);
  for (auto& pair : impl_->pairs) pair.cut = true;
}

std::size_t FaultProxy::open_connections() const {
  const std::lock_guard lock(impl_->mutex);
  return static_cast<std::size_t>(
      std::count_if(impl_->pairs.begin(), impl_->pairs.end(), [](const Pair& pair) { return !pair.finished; }));
}

std::size_t FaultProxy::accepted() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->accepted_count;
}

std::size_t FaultProxy::cuts() const { return impl_->cut_count; }

}  // namespace remint::testing
