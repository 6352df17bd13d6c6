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

}  // namespace

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

  std::string text;
  {
    const std::lock_guard lock(mutex_);
    const auto it = logs_.find({{path.ns, path.name}, container});
    if (it != logs_.end()) text = it->second;
  }
  auto lines = lines_of(text);
  if (const auto seconds = number_in(request, "sinceSeconds")) {
    const Time since = system_clock().now() - std::chrono::seconds(*seconds);
    std::erase_if(lines, [&](const std::string& line) {
      const auto time = parse_rfc3339(line.substr(0, line.find(' ')));
      return time && *time < since;
    });
  }
  const auto tail = number_in(request, "tailLines");
  std::string out;
  for (std::size_t i = tail && *tail < lines.size() ? lines.size() - *tail : 0; i < lines.size(); ++i) {
    const auto space = lines[i].find(' ');
    const bool stamped = space != std::string::npos && parse_rfc3339(lines[i].substr(0, space)).has_value();
    out += (stamped && request.parameter("timestamps") != "true" ? lines[i].substr(space + 1) : lines[i]) + "\n";
  }
  if (const auto limit = number_in(request, "limitBytes")) out.resize(std::min<std::size_t>(out.size(), *limit));
  connection.respond(200, out, {{"Content-Type", "text/plain"}});
}

}  // namespace remint::testing
