#pragma once
// From a request to its handler.

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "remint/http/server.hpp"

namespace remint::http {

/// Immutable after construction.
class Router {
 public:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  /// The route, or the 404 or 405 that says what is wrong. HEAD is answered by GET routes.
  [[nodiscard]] std::variant<const Route*, Response> find(std::string_view method, std::string_view path) const;

  /// Whether there is a route with Route::aside.
  [[nodiscard]] bool any_aside() const { return std::ranges::any_of(routes_, &Route::aside); }

  /// The route's early check; nothing means: read the body and call the handler. An exception becomes a 500.
  [[nodiscard]] static std::optional<Response> admit(const Route& route, const Request& request);
  /// The handler's answer. An exception becomes a 500 whose text stays in our log.
  [[nodiscard]] static Response answer(const Route& route, const Request& request);

 private:
  std::vector<Route> routes_;
};

}  // namespace remint::http
