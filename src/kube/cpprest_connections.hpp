#pragma once
// The library's client with its pool of connections: made anew when the credentials change or a connection went bad.

#include <cpprest/http_client.h>

#include <memory>
#include <mutex>

#include "remint/kube/config.hpp"
#include "remint/kube/server_url.hpp"
#include "remint/kube/tls.hpp"

namespace remint::kube {

/// Thread-safe.
class Connections {
 public:
  Connections(bool skip_tls_verify, bool own_server_name, ServerUrl url)
      : skip_tls_verify_(skip_tls_verify), own_server_name_(own_server_name), url_(std::move(url)) {}
  [[nodiscard]] std::shared_ptr<web::http::client::http_client> client_for(
      const std::shared_ptr<const TlsMaterial>& tls);
  /// What is on its way goes on; the next request connects anew.
  void forget();

 private:
  const bool skip_tls_verify_, own_server_name_;
  const ServerUrl url_;
  std::mutex mutex_;
  std::shared_ptr<web::http::client::http_client> client_;
  std::shared_ptr<const TlsMaterial> client_tls_;
};

}  // namespace remint::kube
