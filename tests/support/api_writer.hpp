#pragma once
// Creating, replacing, patching and deleting, with the rules that a client can run into: conflicts, preconditions,
// immutable fields, the status and scale subresources, generations, finalizers, dry run, graceful deletion, disruption
// budgets. Not here: defaults other than `replicas`, validation of specs, field ownership (apply merges), garbage
// collection.

#include <expected>
#include <functional>
#include <string>

#include "remint/base/json.hpp"
#include "support/api_answer.hpp"
#include "support/api_path.hpp"
#include "support/api_storage.hpp"
#include "support/http_listener.hpp"

namespace remint::testing {

/// Thread-safe, as its storage is.
class ApiWriter {
 public:
  explicit ApiWriter(ApiStorage& storage) : storage_(storage) {}

  [[nodiscard]] ApiAnswer create(const ApiResource& resource, const ApiPath& path, const HttpRequest& request);
  [[nodiscard]] ApiAnswer replace(const ApiResource& resource, const ApiPath& path, const HttpRequest& request);
  [[nodiscard]] ApiAnswer patch(const ApiResource& resource, const ApiPath& path, const HttpRequest& request);
  [[nodiscard]] ApiAnswer remove(const ApiResource& resource, const ApiPath& path, const HttpRequest& request);
  [[nodiscard]] ApiAnswer evict(const ApiResource& pods, const ApiPath& path, const HttpRequest& request);
  [[nodiscard]] ApiAnswer get_scale(const ApiResource& resource, const ApiPath& path);

  /// Fills in what every stored object has: uid, creationTimestamp, generation, defaults. For create, and for seeding.
  static void complete(const ApiResource& resource, Json& object);

 private:
  /// Given the present object, the one that the client asks for; or an answer that ends it.
  using Change = std::function<std::expected<Json, ApiAnswer>(const Json&)>;
  ApiAnswer update(const ApiResource& resource, const ApiPath& path, const HttpRequest& request, const Change& change);
  ApiAnswer create_object(const ApiResource& resource, const std::string& ns, Json object, bool dry_run);
  ApiAnswer remove_object(const ApiResource& resource, const ObjectKey& key, const Json& options, bool dry_run);

  ApiStorage& storage_;
};

}  // namespace remint::testing
