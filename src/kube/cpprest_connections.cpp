#include "cpprest_connections.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <chrono>
#include <stdexcept>
#include <string>

#include "remint/base/log.hpp"

namespace remint::kube {
namespace {

using Socket = boost::asio::ip::tcp::socket;

// The library's own timeout must never be the first: ours are exact.
constexpr std::chrono::hours kNever{24 * 365};

// A peer that vanished without a word (power, network) is noticed in about half a minute, and not only after the
// silence that a watch is allowed. The socket must be opened for that before the library does, so the family must be
// known.
void set_keepalive(Socket& socket, bool v6) {
  if (socket.is_open()) {
    return;
  }
  socket.open(v6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4());
  const auto set = [&](int level, int name, int value) {
    if (::setsockopt(socket.native_handle(), level, name, &value, sizeof value) != 0) {
      log::debug("Cannot set a socket option", {{"option", name}});
    }
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
}

}  // namespace

std::shared_ptr<web::http::client::http_client> Connections::client_for(const std::shared_ptr<const TlsMaterial>& tls) {
  const std::scoped_lock lock(mutex_);
  if (client_ && tls == client_tls_) {
    return client_;
  }
  web::http::client::http_client_config settings;
  settings.set_timeout(kNever);
  settings.set_max_redirects(0);
  settings.set_validate_certificates(!skip_tls_verify_);
  const bool literal = url_.host_is_v4 || url_.host_is_v6;
  settings.set_tlsext_sni_enabled(!literal || own_server_name_);
  settings.set_ssl_context_callback([tls](boost::asio::ssl::context& context) {
    if (auto applied = tls->apply(context.native_handle()); !applied) {
      throw std::runtime_error(applied.error().message);  // the library turns it into a failed request
    }
  });
  if (literal) {
    settings.set_nativehandle_options([secure = url_.tls, v6 = url_.host_is_v6](void* handle) {
      set_keepalive(secure ? static_cast<boost::asio::ssl::stream<Socket&>*>(handle)->next_layer()
                           : *static_cast<Socket*>(handle),
                    v6);
    });
  }
  // Without brackets: see the top of cpprest_transport.cpp.
  const std::string base = fmt::format("{}://{}:{}{}", url_.tls ? "https" : "http", url_.host, url_.port, url_.path);
  client_ = std::make_shared<web::http::client::http_client>(web::uri(base), settings);
  client_tls_ = tls;
  return client_;
}

void Connections::forget() {
  const std::scoped_lock lock(mutex_);
  client_.reset();
}

}  // namespace remint::kube
