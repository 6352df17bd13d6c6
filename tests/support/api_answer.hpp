#pragma once
// Answers in the words of a real API server (1.36): Status bodies, so that what a client makes of them can be tested.

#include <nlohmann/json.hpp>
#include <string>

#include "remint/base/json.hpp"
#include "support/api_path.hpp"
#include "support/http_listener.hpp"

namespace remint::testing {

struct ApiAnswer {
  int status = 200;
  std::string body;
  Headers headers;
};

[[nodiscard]] ApiAnswer object_answer(int status, const ApiResource& resource, const Json& object);
[[nodiscard]] Json failure_status(int code, const std::string& reason, const std::string& message,
                                  Json details = nullptr);
[[nodiscard]] ApiAnswer failure(int code, const std::string& reason, const std::string& message,
                                Json details = nullptr);
[[nodiscard]] ApiAnswer not_found(const ApiResource& resource, const std::string& name);
[[nodiscard]] ApiAnswer already_exists(const ApiResource& resource, const std::string& name);
/// Somebody else changed it first.
[[nodiscard]] ApiAnswer modified(const ApiResource& resource, const std::string& name);
[[nodiscard]] ApiAnswer conflict(const ApiResource& resource, const std::string& name, const std::string& why);
[[nodiscard]] ApiAnswer invalid(const ApiResource& resource, const std::string& name, const std::string& field,
                                const std::string& why);
[[nodiscard]] ApiAnswer bad_request(const std::string& message);
/// The resource of the path does not exist: its group does not, or only the resource does not.
[[nodiscard]] ApiAnswer unknown_resource(bool group_exists);
[[nodiscard]] ApiAnswer deleted(const ApiResource& resource, const Json& object);

}  // namespace remint::testing
