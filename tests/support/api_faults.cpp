#include "support/api_faults.hpp"

#include "support/api_answer.hpp"

namespace remint::testing {
namespace {

constexpr std::size_t kMaxLog = 10'000;
constexpr std::size_t kMaxLoggedBody = 64U << 10U;

/// Reason and message as the real server has them for these codes.
std::pair<std::string, std::string> words_for(int status) {
  switch (status) {
    case 401:
      return {"Unauthorized", "Unauthorized"};
    case 403:
      return {"Forbidden", "forbidden: User \"system:serviceaccount:remint-system:remint\" cannot do this"};
    case 404:
      return {"NotFound", "the server could not find the requested resource"};
    case 409:
      return {"Conflict", "Operation cannot be fulfilled: the object has been modified"};
    case 410:
      return {"Expired", "too old resource version"};
    case 429:
      return {"TooManyRequests", "the server has received too many requests and has asked us to try again later"};
    case 500:
      return {"InternalError", "an error on the server has prevented the request from succeeding"};
    case 503:
      return {"ServiceUnavailable", "the server is currently unable to handle the request"};
    case 504:
      return {"Timeout", "the server was unable to return a response in the time allotted"};
    default:
      return {"", "scripted"};
  }
}

}  // namespace

Fault Fault::answer(int status, int retry_after_seconds) {
  const auto [reason, message] = words_for(status);
  Fault fault{Kind::kAnswer, status, failure(status, reason, message).body, {}};
  if (retry_after_seconds > 0) fault.headers["Retry-After"] = std::to_string(retry_after_seconds);
  return fault;
}

bool matches(const HttpRequest& request, const std::string& method, const std::string& path_prefix,
             const std::string& query) {
  if (!method.empty() && request.method != method) return false;
  if (!request.path.starts_with(path_prefix)) return false;
  if (query.empty()) return true;
  const auto equals = query.find('=');
  const auto it = request.query.find(query.substr(0, equals));
  return it != request.query.end() && (equals == std::string::npos || it->second == query.substr(equals + 1));
}

void ApiFaults::add(FaultMatch match, Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.emplace_back(std::move(match), std::move(fault));
}

void ApiFaults::clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

std::optional<Fault> ApiFaults::take(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  for (auto it = faults_.begin(); it != faults_.end(); ++it) {
    auto& match = it->first;
    if (!matches(request, match.method, match.path_prefix, match.query)) continue;
    ++taken_;
    Fault fault = it->second;
    if (match.times != FaultMatch::kAlways && --match.times == 0) faults_.erase(it);
    return fault;
  }
  return std::nullopt;
}

std::size_t ApiFaults::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

void ApiFaults::hang(HttpConnection& connection) {
  std::unique_lock lock(mutex_);
  ++hanging_;
  const auto releases = releases_;
  while (releases == releases_ && !connection.gone()) released_.wait_for(lock, std::chrono::milliseconds(20));
  --hanging_;
  connection.drop();
}

void ApiFaults::release_hanging() {
  const std::lock_guard lock(mutex_);
  ++releases_;
  released_.notify_all();
}

std::size_t ApiFaults::hanging() const {
  const std::lock_guard lock(mutex_);
  return hanging_;
}

void RequestLog::add(const HttpRequest& request) {
  LoggedRequest logged{request, std::chrono::steady_clock::now()};
  if (logged.request.body.size() > kMaxLoggedBody) logged.request.body.resize(kMaxLoggedBody);
  const std::lock_guard lock(mutex_);
  requests_.push_back(std::move(logged));
  if (requests_.size() > kMaxLog) requests_.pop_front();
}

void RequestLog::clear() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
}

std::vector<LoggedRequest> RequestLog::all() const {
  const std::lock_guard lock(mutex_);
  return {requests_.begin(), requests_.end()};
}

std::size_t RequestLog::count(const std::string& method, const std::string& path_prefix,
                              const std::string& query) const {
  return matching(method, path_prefix, query).size();
}

std::vector<LoggedRequest> RequestLog::matching(const std::string& method, const std::string& path_prefix,
                                                const std::string& query) const {
  const std::lock_guard lock(mutex_);
  std::vector<LoggedRequest> found;
  for (const auto& logged : requests_) {
    if (matches(logged.request, method, path_prefix, query)) found.push_back(logged);
  }
  return found;
}

}  // namespace remint::testing
