#include "support/raw_http.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace remint::testing {
namespace {

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// Moves whole chunks from `raw` to `text`. True: the last chunk has come.
bool unchunk(std::string& raw, std::string& text) {
  while (true) {
    const auto line = raw.find("\r\n");
    if (line == std::string::npos) return false;
    const std::size_t size = std::strtoul(raw.c_str(), nullptr, 16);
    if (raw.size() < line + 2 + size + 2) return false;
    text.append(raw, line + 2, size);
    raw.erase(0, line + 2 + size + 2);
    if (size == 0) return true;
  }
}

std::string request_text(std::string_view method, std::string_view target, std::string_view body,
                         std::string_view content_type, std::string_view more_headers) {
  std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!body.empty()) text += "Content-Type: " + std::string(content_type) + "\r\n";
  text += "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n" + std::string(more_headers) +
          "\r\n";
  return text + std::string(body);
}

}  // namespace

Json RawAnswer::json() const { return Json::parse(body, nullptr, false); }

RawAnswer raw_request(std::uint16_t port, std::string_view method, std::string_view target, std::string_view body,
                      std::string_view content_type, std::string_view more_headers) {
  RawAnswer answer;
  const int fd = connect_to(port);
  if (fd < 0) return answer;
  send_all(fd, request_text(method, target, body, content_type, more_headers));
  std::string all;
  std::array<char, 16384> buffer{};
  for (ssize_t got = 0; (got = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
    all.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  const auto end = all.find("\r\n\r\n");
  if (!all.starts_with("HTTP/1.1 ") || end == std::string::npos) return answer;
  answer.status = std::atoi(all.c_str() + 9);
  answer.head = all.substr(0, end + 2);
  all.erase(0, end + 4);
  if (answer.head.find("chunked") != std::string::npos) {
    answer.whole = unchunk(all, answer.body);
  } else {
    const auto at = answer.head.find("Content-Length: ");
    answer.body = std::move(all);
    answer.whole =
        at != std::string::npos && answer.body.size() == std::strtoul(answer.head.c_str() + at + 16, nullptr, 10);
  }
  return answer;
}

RawStream::RawStream(std::uint16_t port, std::string_view target) : fd_(connect_to(port)) {
  ended_ = fd_ < 0;
  if (fd_ >= 0) send_all(fd_, request_text("GET", target, {}, {}, {}));
}

RawStream::~RawStream() {
  if (fd_ >= 0) ::close(fd_);
}

bool RawStream::fill(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd state{fd_, POLLIN, 0};
  if (ended_ || left.count() <= 0 || ::poll(&state, 1, static_cast<int>(left.count())) <= 0) return false;
  std::array<char, 16384> buffer{};
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got <= 0) {
    ended_ = true;
    return false;
  }
  raw_.append(buffer.data(), static_cast<std::size_t>(got));
  if (!head_read_) {
    const auto end = raw_.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    raw_.erase(0, end + 4);
    head_read_ = true;
  }
  ended_ = unchunk(raw_, text_);
  return true;
}

std::string RawStream::line(std::chrono::milliseconds wait) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (text_.find('\n') == std::string::npos) {
    if (!fill(deadline)) return {};
  }
  const auto end = text_.find('\n');
  std::string line = text_.substr(0, end);
  text_.erase(0, end + 1);
  return line;
}

Json RawStream::event(std::chrono::milliseconds wait) {
  const std::string text = line(wait);
  return text.empty() ? Json() : Json::parse(text, nullptr, false);
}

}  // namespace remint::testing
