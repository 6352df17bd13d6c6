#pragma once
// A Kubernetes API server in this process, on 127.0.0.1: what Remint and its tests need of one. The contract suite
// (tests/contract) runs the same checks against it and against a real one, so that it cannot drift.
//
//   FakeApiServer server;
//   server.put({{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"namespace", "shop"}, {"name", "cart"}}}});
//   server.faults().add({.method = "PATCH", .path_prefix = "/apis/apps/v1/"}, Fault::answer(409));
//
// It has no controllers: nothing makes pods of a Deployment, and a deleted pod that has a node stays terminating until
// erase(), as it would without a kubelet. Where it is simpler than the real one: api_writer.hpp.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "remint/base/json.hpp"
#include "support/api_faults.hpp"
#include "support/api_path.hpp"
#include "support/test_ca.hpp"

namespace remint::testing {

struct FakeApiServerSettings {
  std::uint16_t port = 0;            ///< 0: any free one
  bool tls = false;                  ///< with a certificate of ca() for 127.0.0.1, ::1 and localhost
  std::vector<std::string> tokens;   ///< bearer tokens that are let in; empty, and no client CA: everybody is
  bool client_certificates = false;  ///< certificates of ca() are let in too
  std::chrono::milliseconds bookmark_every{60'000};
};

/// Thread-safe. Serves from construction to destruction (or stop()).
class FakeApiServer {
 public:
  explicit FakeApiServer(FakeApiServerSettings settings = {});
  ~FakeApiServer();
  FakeApiServer(const FakeApiServer&) = delete;
  FakeApiServer& operator=(const FakeApiServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// "http://127.0.0.1:1234"
  [[nodiscard]] std::string url() const;
  /// Only with TLS.
  [[nodiscard]] const TestCa& ca() const;
  /// From now on these bearer tokens are let in, and no others.
  void set_tokens(std::vector<std::string> tokens);

  // What is stored. Paths are those of the API: "/apis/apps/v1/namespaces/shop/deployments/cart".
  /// Creates or replaces an object with its status, past all rules; its namespace is made when it is missing. Returns
  /// it as stored. Throws std::invalid_argument when kind or name are missing or unknown.
  Json put(Json object);
  [[nodiscard]] std::optional<Json> find(const std::string& path) const;
  [[nodiscard]] std::vector<Json> all(const std::string& collection_path) const;
  /// Gone at once, also with finalizers; false when there was none.
  bool erase(const std::string& path);
  /// A custom resource, as a CRD would add it.
  void add_resource(ApiResource resource);
  /// The three of remint.dev.
  void add_remint_resources();
  /// As if the CRD were deleted: 404.
  void remove_resource(const std::string& group, const std::string& plural);
  /// Pods 0 to count - 1 of make_pods.hpp, with their namespaces. Not for storages that are being watched.
  void make_pods(std::uint32_t count);
  /// `text`: lines that begin with an RFC 3339 time.
  void set_log(const std::string& ns, const std::string& pod, const std::string& container, std::string text);
  /// More lines of it: whoever follows the log gets them.
  void append_log(const std::string& ns, const std::string& pod, const std::string& container, const std::string& text);
  /// As if all containers stopped: every log that is followed ends.
  void end_logs();
  /// How many logs are followed now.
  [[nodiscard]] std::size_t open_logs() const;
  [[nodiscard]] std::uint64_t resource_version() const;

  // Watches.
  void send_bookmarks();
  /// As if the time of all watches were over.
  void end_watches();
  /// A line to the watches of a resource ("pods", "deployments.apps") as it is, garbage too; then they end if asked to.
  void send_watch_line(const std::string& resource, std::string line, bool ends_watch = false);
  /// History and continue tokens are forgotten: 410 for whoever is behind.
  void compact();
  [[nodiscard]] std::size_t open_watches() const;

  // Faults.
  [[nodiscard]] ApiFaults& faults();
  [[nodiscard]] RequestLog& requests();
  void cut_connections();
  [[nodiscard]] std::size_t open_connections() const;
  [[nodiscard]] std::size_t accepted_connections() const;
  /// The server is gone: connections are cut, new ones refused. What was stored is kept.
  void stop();
  /// On the same port again.
  void start();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::testing
