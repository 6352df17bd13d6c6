#include "router.hpp"

#include <exception>
#include <string>

#include "remint/base/log.hpp"

namespace remint::http {
namespace {

Response internal_error(const Request& request, const char* what) {
  log::error("HTTP handler failed", {{"method", request.method}, {"path", request.path}, {"error", what}});
  return {.status = 500, .body = "internal error; the log says more\n"};
}

template <class Call>
auto guarded(const Request& request, const Call& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& error) {
    return internal_error(request, error.what());
  } catch (...) {
    return internal_error(request, "an exception of unknown type");
  }
}

}  // namespace

std::variant<const Route*, Response> Router::find(std::string_view method, std::string_view path) const {
  const auto wanted = method == "HEAD" ? std::string_view("GET") : method;
  std::string allowed;
  for (const auto& route : routes_) {
    if (route.path != path) continue;
    if (route.method == wanted) return &route;
    allowed += (allowed.empty() ? "" : ", ") + route.method;
  }
  if (allowed.empty()) return Response{.status = 404, .body = "no such path\n"};
  return Response{.status = 405, .body = "this path takes " + allowed + " only\n", .allow = allowed};
}

std::optional<Response> Router::admit(const Route& route, const Request& request) {
  if (!route.admit) return std::nullopt;
  return guarded(request, [&]() -> std::optional<Response> { return route.admit(request); });
}

Response Router::answer(const Route& route, const Request& request) {
  return guarded(request, [&] { return route.handler(request); });
}

}  // namespace remint::http
