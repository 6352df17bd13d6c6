// Google's audit log, which is not audit.k8s.io, translated so that one decoder reads both. What has no counterpart is
// left out: user.extra (the pod), requestReceivedTimestamp (there is one time), sourceIPs (there is one address).
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "shipped_pieces.hpp"

namespace remint::detect {
namespace {

namespace dom = simdjson::dom;

std::string_view text_in(dom::object object, std::string_view outer, std::string_view key) {
  std::string_view text;
  return object[outer][key].get(text) ? std::string_view() : text;
}

/// google.rpc.Code to HTTP, as Google's own API documentation maps them.
int http_code(std::int64_t code) {
  constexpr std::pair<std::int64_t, int> kCodes[] = {{0, 200}, {3, 400},  {5, 404},  {6, 409},  {7, 403}, {8, 429},
                                                     {9, 400}, {10, 409}, {13, 500}, {14, 503}, {16, 401}};
  const auto found = std::ranges::find(kCodes, code, &std::pair<std::int64_t, int>::first);
  return found == std::end(kCodes) ? 500 : found->second;
}

std::string json_text_of(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// What stands between `before` and the next slash of "core/v1/namespaces/shop/pods/web".
std::string_view part_after(std::string_view path, std::string_view before) {
  const std::size_t at = path.find(before);
  if (at == std::string_view::npos) {
    return {};
  }
  path.remove_prefix(at + before.size());
  return path.substr(0, path.find('/'));
}

}  // namespace

std::string google_event(dom::object entry, dom::object payload) {
  constexpr std::string_view kCore = "core/";
  if (text_of(payload, "serviceName") != "k8s.io") {
    return {};
  }
  std::int64_t status = 0;
  if (payload["status"]["code"].get(status)) {
    status = 0;
  }
  const auto method = text_of(payload, "methodName");  // io.k8s.core.v1.pods.list
  const auto verb = method.substr(method.rfind('.') + 1);
  const auto before_verb = method.substr(0, method.size() - std::min(method.size(), verb.size() + 1));
  const auto name = text_of(payload, "resourceName");
  const auto id = text_in(entry, "operation", "id");
  const int code = http_code(status);
  // A token that failed has no holder, whatever stands there for "nobody".
  const auto user = code == 401 ? std::string_view() : text_in(payload, "authenticationInfo", "principalEmail");
  const auto time = json_text_of(text_of(entry, "timestamp"));
  const std::string uri =
      name.starts_with(kCore) ? "/api/" + std::string(name.substr(kCore.size())) : "/apis/" + std::string(name);
  return R"({"auditID":)" + json_text_of(id.empty() ? text_of(entry, "insertId") : id) +
         R"(,"stage":"ResponseComplete","requestURI":)" + json_text_of(uri) + R"(,"verb":)" + json_text_of(verb) +
         (user.empty() ? std::string(R"(,"user":{})") : R"(,"user":{"username":)" + json_text_of(user) + "}") +
         R"(,"sourceIPs":[)" + json_text_of(text_in(payload, "requestMetadata", "callerIp")) + R"(],"userAgent":)" +
         json_text_of(text_in(payload, "requestMetadata", "callerSuppliedUserAgent")) + R"(,"objectRef":{"resource":)" +
         json_text_of(before_verb.substr(before_verb.rfind('.') + 1)) + R"(,"namespace":)" +
         json_text_of(part_after(name, "namespaces/")) + R"(},"responseStatus":{"code":)" + std::to_string(code) +
         R"(},"requestReceivedTimestamp":)" + time + R"(,"stageTimestamp":)" + time + "}";
}

}  // namespace remint::detect
