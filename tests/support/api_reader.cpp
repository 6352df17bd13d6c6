#include "support/api_reader.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "support/api_answer.hpp"

namespace remint::testing {
namespace {

constexpr std::size_t kMaxSnapshots = 64;
constexpr std::size_t kFlushBytes = 128U << 10U;

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string head_of(const ApiResource& resource) {
  return R"({"kind":")" + resource.kind + R"(","apiVersion":")" + resource.api_version() + "\"";
}

/// Items of built-in lists do not say what they are; those of custom resources do.
std::string item_text(const ApiResource& resource, const StoredObject& object) {
  std::string text = object.json_text();
  if (resource.custom) text.replace(0, 1, head_of(resource) + ",");
  return text;
}

}  // namespace

std::pair<std::shared_ptr<const StoredList>, std::size_t> ApiReader::continued(const std::string& token) const {
  const auto dot = token.find('.');
  const std::uint64_t id = number(token.substr(0, dot));
  const std::lock_guard lock(mutex_);
  const auto it = std::find_if(snapshots_.begin(), snapshots_.end(), [id](const Snapshot& s) { return s.id == id; });
  if (it == snapshots_.end() || dot == std::string::npos) return {nullptr, 0};
  return {it->list, static_cast<std::size_t>(number(token.substr(dot + 1)))};
}

std::string ApiReader::keep(const std::shared_ptr<const StoredList>& list, std::uint64_t id, std::size_t next) {
  const std::lock_guard lock(mutex_);
  if (id == 0) {
    id = next_snapshot_++;
    snapshots_.push_back({id, list});
    if (snapshots_.size() > kMaxSnapshots) snapshots_.pop_front();
  }
  return std::to_string(id) + "." + std::to_string(next);
}

void ApiReader::list(const ApiResource& resource, const ApiPath& path, const HttpRequest& request,
                     HttpConnection& connection) {
  const auto selection =
      parse_selection(request.parameter("labelSelector"), request.parameter("fieldSelector"), resource.kind);
  if (!selection) {
    connection.respond(400, bad_request(selection.error()).body);
    return;
  }
  const std::string token = request.parameter("continue");
  std::shared_ptr<const StoredList> all;
  std::size_t at = 0;
  if (token.empty()) {
    all = std::make_shared<StoredList>(storage_.list(resource.qualified(), path.ns));
  } else if (std::tie(all, at) = continued(token); !all) {
    const bool ours = token.find_first_not_of("0123456789.") == std::string::npos;
    connection.respond(ours ? 410 : 400,
                       ours
                           ? failure(410, "Expired",
                                     "The provided continue parameter is too old to display a "
                                     "consistent list result. You can start a new list without the continue parameter.")
                                 .body
                           : bad_request("invalid continue token").body);
    return;
  }
  const std::uint64_t limit = number(request.parameter("limit"));
  // The end must be known before the first byte goes out: the list's metadata, with the token, comes first.
  std::vector<std::size_t> chosen;
  for (; at < all->items.size() && (limit == 0 || chosen.size() < limit); ++at) {
    if (selection->everything() || selection->matches(all->items[at].second->json())) chosen.push_back(at);
  }
  std::string out = R"({"kind":")" + resource.kind + R"(List","apiVersion":")" + resource.api_version() +
                    R"(","metadata":{"resourceVersion":")" + std::to_string(all->version) + "\"";
  if (at < all->items.size()) {
    out += R"(,"continue":")" + keep(all, token.empty() ? 0 : number(token.substr(0, token.find('.'))), at) + "\"";
    if (selection->everything()) out += R"(,"remainingItemCount":)" + std::to_string(all->items.size() - at);
  }
  out += R"(},"items":[)";
  if (!connection.begin_chunks(200)) return;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (i > 0) out += ',';
    out += item_text(resource, *all->items[chosen[i]].second);
    if (out.size() < kFlushBytes) continue;
    if (!connection.chunk(out)) return;
    out.clear();
  }
  if (connection.chunk(out + "]}\n")) connection.end_chunks();
}

void ApiReader::send_bookmarks() {
  {
    const std::lock_guard lock(mutex_);
    ++bookmark_round_;
  }
  storage_.wake();
}

void ApiReader::end_watches() {
  {
    const std::lock_guard lock(mutex_);
    ++end_round_;
  }
  storage_.wake();
}

void ApiReader::expire_continue_tokens() {
  const std::lock_guard lock(mutex_);
  snapshots_.clear();
}

std::size_t ApiReader::open_watches() const {
  const std::lock_guard lock(mutex_);
  return watches_;
}

void ApiReader::set_log(const ObjectKey& pod, const std::string& container, std::string text) {
  const std::lock_guard lock(mutex_);
  logs_[{pod, container}] = std::move(text);
}

}  // namespace remint::testing
