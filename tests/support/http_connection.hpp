#pragma once
// One connection of HttpListener. Included by http_listener.cpp alone: it needs Asio.

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "support/http_listener.hpp"
#include "support/http_message.hpp"

namespace remint::testing {

/// The socket that several threads know: its own, and whoever cuts it. Closing under the lock keeps a cut from hitting
/// a descriptor that somebody else has got meanwhile.
struct Session {
  explicit Session(boost::asio::ip::tcp::socket s) : socket(std::move(s)), descriptor(socket.native_handle()) {}
  void cut() {
    const std::lock_guard lock(mutex);
    if (descriptor >= 0) ::shutdown(descriptor, SHUT_RDWR);
    was_cut = true;
  }
  void close() {
    const std::lock_guard lock(mutex);
    descriptor = -1;
    boost::system::error_code ignored;
    socket.close(ignored);
  }
  boost::asio::ip::tcp::socket socket;
  std::mutex mutex;
  int descriptor;
  std::atomic<bool> was_cut{false};
  std::atomic<bool> finished{false};
  std::thread thread;
};

template <class Stream>
class Connection final : public HttpConnection {
 public:
  Connection(Stream& stream, Session& session) : stream_(stream), session_(session) {}

  bool respond(int status, std::string_view body, const Headers& headers) override {
    std::string all = response_head(status, headers, body.size());
    all += body;
    answered = true;
    return write(all);
  }
  bool begin_chunks(int status, const Headers& headers) override {
    answered = true;
    return write(response_head(status, headers, std::nullopt));
  }
  bool chunk(std::string_view data) override {
    if (data.empty()) return true;
    std::array<char, 20> size{};
    const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", data.size());
    const std::array<boost::asio::const_buffer, 3> parts{
        boost::asio::buffer(size.data(), static_cast<std::size_t>(length)),
        boost::asio::buffer(data.data(), data.size()), boost::asio::buffer("\r\n", 2)};
    return write_all(parts);
  }
  bool end_chunks() override { return write("0\r\n\r\n"); }
  bool raw(std::string_view bytes) override {
    answered = true;
    close_after = true;
    return write(bytes);
  }
  void drop() override {
    answered = true;
    close_after = true;
  }
  bool gone() override {
    if (session_.was_cut) return true;
    pollfd state{session_.socket.native_handle(), POLLIN, 0};
    if (::poll(&state, 1, 0) <= 0) return false;
    // Bytes during an answer are a TLS close notice or the end; no client of ours pipelines.
    return true;
  }

  bool answered = false;
  bool close_after = false;

 private:
  bool write(std::string_view bytes) { return write_all(boost::asio::buffer(bytes.data(), bytes.size())); }
  template <class Buffers>
  bool write_all(const Buffers& buffers) {
    boost::system::error_code error;
    boost::asio::write(stream_, buffers, error);
    return !error;
  }
  Stream& stream_;
  Session& session_;
};

}  // namespace remint::testing
