// One watch: a loop over the storage's history in the connection's thread.

#include <nlohmann/json.hpp>

#include "support/api_answer.hpp"
#include "support/api_reader.hpp"

namespace remint::testing {
namespace {

using std::chrono::steady_clock;

/// A live watch sees each change as its selectors let it: an object that stops matching is deleted for it.
class WatchStream {
 public:
  WatchStream(const ApiResource& resource, std::string ns, Selection selection, HttpConnection& connection)
      : resource_(resource), ns_(std::move(ns)), selection_(std::move(selection)), connection_(connection) {}

  /// False: it is over.
  bool send(const StoredChange& change) {
    if (change.resource != resource_.qualified()) return true;
    if (change.kind == StoredChange::Kind::kRawLine) return connection_.chunk(change.line) && !change.ends_watch;
    if (!ns_.empty() && change.key.ns != ns_) return true;
    const bool deleted = change.kind == StoredChange::Kind::kDeleted;
    const bool before = change.before && wanted(*change.before), now = !deleted && wanted(*change.now);
    if (!before && !now) return true;
    return send(!now ? "DELETED" : before ? "MODIFIED" : "ADDED", *change.now);
  }
  bool send(const char* type, const StoredObject& object) {
    std::string text = object.json_text();
    text.replace(0, 1, head() + ",");
    return line(type, text);
  }
  bool wanted(const StoredObject& object) const { return selection_.everything() || selection_.matches(object.json()); }
  bool bookmark(std::uint64_t version) {
    return line("BOOKMARK", head() + R"(,"metadata":{"resourceVersion":")" + std::to_string(version) +
                                R"(","creationTimestamp":null}})");
  }
  void too_old(std::uint64_t version, std::uint64_t present) {
    const auto status = failure_status(
        410, "Expired", "too old resource version: " + std::to_string(version) + " (" + std::to_string(present) + ")");
    line("ERROR", status.dump());
  }

 private:
  std::string head() const {
    return R"({"kind":")" + resource_.kind + R"(","apiVersion":")" + resource_.api_version() + "\"";
  }
  bool line(const std::string& type, const std::string& object) {
    return connection_.chunk(R"({"type":")" + type + R"(","object":)" + object + "}\n");
  }

  const ApiResource& resource_;
  std::string ns_;
  Selection selection_;
  HttpConnection& connection_;
};

}  // namespace

void ApiReader::watch(const ApiResource& resource, const ApiPath& path, const HttpRequest& request,
                      HttpConnection& connection) {
  std::string fields = request.parameter("fieldSelector");
  if (!path.name.empty()) fields = "metadata.name=" + path.name;
  auto selection = parse_selection(request.parameter("labelSelector"), fields, resource.kind);
  const std::string from_text = request.parameter("resourceVersion");
  if (!selection || from_text.find_first_not_of("0123456789") != std::string::npos) {
    const std::string why = selection ? "resourceVersion: Invalid value: \"" + from_text + "\"" : selection.error();
    connection.respond(selection ? 500 : 400, failure(selection ? 500 : 400, "BadRequest", why).body);
    return;
  }
  const std::uint64_t from = from_text.empty() ? 0 : std::stoull(from_text);
  const std::string timeout = request.parameter("timeoutSeconds");
  const auto begin = steady_clock::now();
  const auto end = begin + std::chrono::seconds(timeout.empty() ? 1800 : std::stoll(timeout));
  const bool bookmarks = request.parameter("allowWatchBookmarks") == "true";
  if (!connection.begin_chunks(200)) return;
  WatchStream stream(resource, path.ns, std::move(*selection), connection);

  std::uint64_t seen = from, position = 0, bookmark_round = 0, end_round = 0;
  {
    const std::lock_guard lock(mutex_);
    ++watches_;
    bookmark_round = bookmark_round_;
    end_round = end_round_;
  }
  const auto run = [&] {
    if (from == 0) {
      // From nothing: what exists comes first, as additions.
      const StoredList present = storage_.list(resource.qualified(), path.ns);
      for (const auto& [key, object] : present.items) {
        if (stream.wanted(*object) && !stream.send("ADDED", *object)) return;
      }
      seen = present.version;
    }
    const auto start = storage_.position_after(seen);
    if (!start) {
      stream.too_old(seen, storage_.compacted() + 1);
      return;
    }
    position = *start;
    auto next_bookmark = std::min(begin + settings_.bookmark_every, std::max(begin, end - std::chrono::seconds(2)));
    while (steady_clock::now() < end && !connection.gone()) {
      // The version is read before the changes: a bookmark may only promise what has been sent.
      const std::uint64_t version = storage_.version();
      const auto news = storage_.wait(position, std::min(end, steady_clock::now() + std::chrono::milliseconds(50)));
      if (news.too_old) {
        stream.too_old(seen, storage_.compacted() + 1);
        return;
      }
      for (const auto& change : news.changes) {
        if (!stream.send(change)) return;
        seen = change.version;
      }
      if (news.changes.empty()) seen = std::max(seen, version);
      std::uint64_t round = 0;
      {
        const std::lock_guard lock(mutex_);
        round = bookmark_round_;
        if (end_round != end_round_) return;
      }
      if (!news.changes.empty() || (round == bookmark_round && steady_clock::now() < next_bookmark)) continue;
      bookmark_round = round;
      next_bookmark = steady_clock::now() + settings_.bookmark_every;
      if (bookmarks && !stream.bookmark(seen)) return;
    }
  };
  run();
  connection.end_chunks();
  const std::lock_guard lock(mutex_);
  --watches_;
}

}  // namespace remint::testing
