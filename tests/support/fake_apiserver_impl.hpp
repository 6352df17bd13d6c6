#pragma once
// The inside of FakeApiServer: who may come in, and which part answers.

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "support/api_answer.hpp"
#include "support/api_reader.hpp"
#include "support/api_storage.hpp"
#include "support/api_writer.hpp"
#include "support/fake_apiserver.hpp"

namespace remint::testing {

struct FakeApiServer::Impl {
  explicit Impl(FakeApiServerSettings s);
  void listen();
  void make_namespace(const std::string& name);
  [[nodiscard]] std::optional<ApiResource> resource_at(const std::string& group, const std::string& version,
                                                       const std::string& plural) const;
  [[nodiscard]] bool let_in(const HttpRequest& request) const;
  void serve(const HttpRequest& request, HttpConnection& connection);
  void answer(const HttpRequest& request, HttpConnection& connection);
  /// The path's resource does not exist.
  [[nodiscard]] ApiAnswer unknown(const ApiPath& path) const;
  [[nodiscard]] ApiAnswer write(const HttpRequest& request, const ApiPath& path);

  FakeApiServerSettings settings;
  ApiStorage storage;
  ApiReader reader;
  ApiWriter writer;
  ApiFaults faults;
  RequestLog log;
  mutable std::shared_mutex mutex;
  ApiResources resources;
  std::vector<std::string> tokens;
  std::unique_ptr<TestCa> ca;
  std::optional<ListenerTls> tls;
  std::unique_ptr<HttpListener> listener;  ///< last: its threads use the others
};

}  // namespace remint::testing
