// Pod logs: scripted text, cut as the request asks.

#include <algorithm>
#include <charconv>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/base/time.hpp"
#include "support/api_answer.hpp"
#include "support/api_reader.hpp"

namespace remint::testing {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const auto end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::optional<std::uint64_t> number_in(const HttpRequest& request, const char* name) {
  const std::string text = request.parameter(name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

/// The lines that the request wants, as it wants them.
std::string asked_for(const std::string& text, const HttpRequest& request) {
  auto lines = lines_of(text);
  auto since = parse_rfc3339(request.parameter("sinceTime"));
  if (const auto seconds = number_in(request, "sinceSeconds")) {
    since = system_clock().now() - std::chrono::seconds(*seconds);
  }
  if (since) {
    std::erase_if(lines, [&](const std::string& line) {
      const auto time = parse_rfc3339(line.substr(0, line.find(' ')));
      return time && *time < *since;
    });
  }
  const auto tail = number_in(request, "tailLines");
  std::string out;
  for (std::size_t i = tail && *tail < lines.size() ? lines.size() - *tail : 0; i < lines.size(); ++i) {
    const auto space = lines[i].find(' ');
    const bool stamped = space != std::string::npos && parse_rfc3339(lines[i].substr(0, space)).has_value();
    out += (stamped && request.parameter("timestamps") != "true" ? lines[i].substr(space + 1) : lines[i]) + "\n";
  }
  // A line that is not at its end yet stays so.
  if (!out.empty() && !text.empty() && text.back() != '\n') out.pop_back();
  return out;
}

}  // namespace

void ApiReader::follow_log(const LogKey& key, const HttpRequest& request, HttpConnection& connection) {
  std::unique_lock lock(mutex_);
  ++open_logs_;
  const auto round = log_end_round_;
  std::string present = asked_for(logs_[key], request);
  std::size_t position = logs_[key].size();
  bool begun = false;
  const auto write = [&](const std::string& text) {
    if (text.empty()) return true;
    lock.unlock();
    // As a kubelet does: the head goes out with the first line.
    const bool written =
        (begun || connection.begin_chunks(200, {{"Content-Type", "text/plain"}})) && connection.chunk(text);
    begun = true;
    lock.lock();
    return written;
  };
  bool alive = write(present);
  while (alive && round == log_end_round_) {
    const std::string& all = logs_[key];
    if (position < all.size()) {
      const std::string more = all.substr(position);
      position = all.size();
      alive = write(more);
      continue;
    }
    position = all.size();
    log_news_.wait_for(lock, std::chrono::milliseconds(100));
    alive = !connection.gone();
  }
  --open_logs_;
  lock.unlock();
  if (!alive) return connection.drop();
  if (!begun) begun = connection.begin_chunks(200, {{"Content-Type", "text/plain"}});
  connection.end_chunks();
}

void ApiReader::append_log(const ObjectKey& pod, const std::string& container, const std::string& text) {
  const std::lock_guard lock(mutex_);
  logs_[{pod, container}] += text;
  log_news_.notify_all();
}

void ApiReader::end_logs() {
  const std::lock_guard lock(mutex_);
  ++log_end_round_;
  log_news_.notify_all();
}

std::size_t ApiReader::open_logs() const {
  const std::lock_guard lock(mutex_);
  return open_logs_;
}

void ApiReader::log(const ApiResource& pods, const ApiPath& path, const HttpRequest& request,
                    HttpConnection& connection) {
  const StoredPtr stored = storage_.get("pods", {path.ns, path.name});
  const auto refuse = [&](const ApiAnswer& answer) { connection.respond(answer.status, answer.body, answer.headers); };
  if (!stored) return refuse(not_found(pods, path.name));
  const Json containers = stored->json().value("spec", Json::object()).value("containers", Json::array());
  std::string container = request.parameter("container");
  if (container.empty() && containers.size() > 1) {
    return refuse(bad_request("a container name must be specified for pod " + path.name));
  }
  if (container.empty() && containers.size() == 1) container = containers[0].value("name", "");
  const bool known = std::any_of(containers.begin(), containers.end(),
                                 [&](const Json& c) { return c.value("name", "") == container; });
  if (!known) return refuse(bad_request("container " + container + " is not valid for pod " + path.name));

  const LogKey key{{path.ns, path.name}, container};
  if (request.parameter("follow") == "true") return follow_log(key, request, connection);
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = logs_.find(key); it != logs_.end()) text = it->second;
  }
  std::string out = asked_for(text, request);
  if (const auto limit = number_in(request, "limitBytes")) out.resize(std::min<std::size_t>(out.size(), *limit));
  connection.respond(200, out, {{"Content-Type", "text/plain"}});
}

}  // namespace remint::testing
