// Lists in pages, watches, and what happens when history is gone.

#include <catch2/catch.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "environment.hpp"
#include "remint/kube/resources.hpp"
#include "support/wait_until.hpp"

using namespace remint;
using namespace remint::contract;
using kube::WatchEventType;
using testing::wait_until;

namespace {

struct Seen {
  WatchEventType type{};
  std::string name;
  std::uint64_t version = 0;
};

std::uint64_t version_of(const Json& object) {
  return std::stoull(object["metadata"]["resourceVersion"].get<std::string>());
}

/// A watch in a thread of its own, until it ends or this goes.
class Watching {
 public:
  explicit Watching(kube::WatchOptions options, const kube::Resource& resource = kConfigMaps) {
    options.ns = environment().ns();
    thread_ = std::jthread([this, options, &resource](const std::stop_token& stop) {
      const auto end = environment().client().watch(
          resource, options,
          [this](WatchEventType type, std::string_view text) -> Result<void> {
            const Json object = Json::parse(text);
            const std::lock_guard lock(mutex_);
            seen_.push_back({type, object["metadata"].value("name", ""), version_of(object)});
            return {};
          },
          stop);
      const std::lock_guard lock(mutex_);
      end_ = end;
    });
  }
  /// The events, without bookmarks.
  std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    std::vector<Seen> result;
    for (const auto& one : seen_) {
      if (one.type != WatchEventType::kBookmark) result.push_back(one);
    }
    return result;
  }
  std::vector<Seen> bookmarks() const {
    const std::lock_guard lock(mutex_);
    std::vector<Seen> result;
    for (const auto& one : seen_) {
      if (one.type == WatchEventType::kBookmark) result.push_back(one);
    }
    return result;
  }
  std::optional<Result<void>> end() const {
    const std::lock_guard lock(mutex_);
    return end_;
  }
  void stop() { thread_.request_stop(); }

 private:
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  std::optional<Result<void>> end_;
  std::jthread thread_;
};

Json labelled(const std::string& name, const std::string& label, const std::string& value = "v") {
  return {{"metadata", {{"name", name}, {"labels", {{"set", label}}}}}, {"data", {{"k", value}}}};
}

struct Listed {
  std::set<std::string> names;
  Result<std::string> version;
};

Listed list(const kube::Resource& resource, const std::string& labels, const std::string& fields, unsigned page_size) {
  Listed listed;
  listed.version = environment().client().list(
      resource, {.ns = environment().ns(), .label_selector = labels, .field_selector = fields, .page_size = page_size},
      [&](std::string_view item) -> Result<void> {
        CHECK(listed.names.insert(Json::parse(item)["metadata"]["name"]).second);
        return {};
      },
      no_stop());
  return listed;
}

kube::WatchOptions from(const std::string& version, const std::string& labels = {}) {
  kube::WatchOptions options;
  options.resource_version = version;
  options.label_selector = labels;
  options.server_timeout = std::chrono::seconds(60);
  return options;
}

Json event(const std::string& name) {
  return {
      {"metadata", {{"name", name}}},
      {"eventTime", "2026-07-01T10:27:28.826058Z"},
      {"reportingController", "remint.dev/contract"},
      {"reportingInstance", "contract"},
      {"action", "Test"},
      {"reason", "Contract"},
      {"type", "Normal"},
      {"regarding",
       {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"name", environment().ns()}, {"namespace", environment().ns()}}}};
}

}  // namespace

TEST_CASE("contract: a list in pages has everything once") {
  auto& env = environment();
  const std::string set = unique_name("pages");
  for (int i = 0; i < 7; ++i) env.create(kConfigMaps, labelled(set + "-" + std::to_string(i), set));
  for (const unsigned page_size : {1U, 3U, 7U, 500U}) {
    const auto listed = list(kConfigMaps, "set=" + set, "", page_size);
    REQUIRE(listed.version);
    CHECK(std::stoull(*listed.version) > 0);
    CHECK(listed.names.size() == 7);
  }
}

TEST_CASE("contract: selectors choose, and bad ones are refused") {
  auto& env = environment();
  const std::string set = unique_name("selected");
  env.create(kConfigMaps, labelled(set + "-a", set + "-x"));
  env.create(kConfigMaps, labelled(set + "-b", set + "-y"));
  CHECK(list(kConfigMaps, "set in (" + set + "-x," + set + "-y)", "", 500).names.size() == 2);
  CHECK(list(kConfigMaps, "set=" + set + "-x", "", 500).names == std::set<std::string>{set + "-a"});
  CHECK(list(kConfigMaps, "", "metadata.name=" + set + "-b", 500).names == std::set<std::string>{set + "-b"});
  for (const auto& refused : {list(kConfigMaps, "a===b", "", 500), list(kConfigMaps, "", "spec.none=b", 500)}) {
    REQUIRE_FALSE(refused.version);
    CHECK(refused.version.error().code == ErrorCode::kInvalid);
  }
  CHECK(list(kube::kPods, "", "spec.nodeName=none", 500).version);
}

TEST_CASE("contract: a watch from a list's version tells each change once, in order") {
  auto& env = environment();
  const std::string name = unique_name("watched");
  env.create(kConfigMaps, labelled(name + "-before", name));
  const auto listed = list(kConfigMaps, "set=" + name, "", 500);
  REQUIRE(listed.version);
  Watching watching(from(*listed.version, "set=" + name));
  env.create(kConfigMaps, labelled(name, name));
  env.patch(kConfigMaps, name, {{"data", {{"k", "w"}}}});
  REQUIRE(env.client().remove(kConfigMaps, env.key(name), {}, no_stop()));
  REQUIRE(wait_until([&] { return watching.seen().size() >= 3; }));
  const auto seen = watching.seen();
  CHECK((seen[0].type == WatchEventType::kAdded && seen[0].name == name));
  CHECK((seen[1].type == WatchEventType::kModified && seen[2].type == WatchEventType::kDeleted));
  CHECK((seen[0].version < seen[1].version && seen[1].version < seen[2].version));
  CHECK(seen.size() == 3);
  watching.stop();
  REQUIRE(wait_until([&] { return watching.end().has_value(); }));
  REQUIRE_FALSE(watching.end()->has_value());
  CHECK(watching.end()->error().code == ErrorCode::kCancelled);
}

TEST_CASE("contract: an object that stops matching is deleted for the watch") {
  auto& env = environment();
  const std::string name = unique_name("leaving");
  const Json stored = env.create(kConfigMaps, labelled(name, name));
  Watching watching(from(stored["metadata"]["resourceVersion"], "set=" + name));
  env.patch(kConfigMaps, name, {{"metadata", {{"labels", {{"set", "elsewhere"}}}}}});
  REQUIRE(wait_until([&] { return !watching.seen().empty(); }));
  CHECK(watching.seen()[0].type == WatchEventType::kDeleted);
}

// Bookmarks are no promise: a real server sends one 2 s before the end of most watches, but not of each. So several
// watches are asked, and one bookmark is enough.
TEST_CASE("contract: watches end at their time, bookmarks come, and a watch can go on from one") {
  auto& env = environment();
  const std::string name = unique_name("bookmark");
  const Json stored = env.create(kConfigMaps, labelled(name, name));
  std::optional<std::uint64_t> bookmark;
  for (int round = 0; round < 4 && !bookmark; ++round) {
    std::vector<std::unique_ptr<Watching>> watches;
    for (const int seconds : {3, 4, 5}) {
      auto options = from(stored["metadata"]["resourceVersion"], "set=" + name);
      options.server_timeout = std::chrono::seconds(seconds);
      watches.push_back(std::make_unique<Watching>(options));
    }
    env.create(kConfigMaps, labelled(unique_name("other"), "other"));
    for (const auto& watching : watches) {
      REQUIRE(wait_until([&] { return watching->end().has_value(); }));
      INFO((*watching->end() ? "" : watching->end()->error().message));
      CHECK(watching->end()->has_value());
      CHECK(watching->seen().empty());
      if (!watching->bookmarks().empty()) bookmark = watching->bookmarks().back().version;
    }
  }
  REQUIRE(bookmark);
  CHECK(*bookmark >= version_of(stored));
  Watching next(from(std::to_string(*bookmark), "set=" + name));
  env.patch(kConfigMaps, name, {{"data", {{"k", "w"}}}});
  REQUIRE(wait_until([&] { return !next.seen().empty(); }));
  CHECK(next.seen()[0].type == WatchEventType::kModified);
}

// Events have no watch cache in a real server, so that they show at once what compaction takes away.
TEST_CASE("contract: after compaction an old watch and an old page are gone") {
  auto& env = environment();
  if (!env.can_compact()) {
    WARN("SKIPPED: compaction needs REMINT_CONTRACT_ETCD");
    return;
  }
  const std::string name = unique_name("event");
  const Json first = env.create(kube::kEvents, event(name + "-a"));
  env.create(kube::kEvents, event(name + "-b"));
  env.create(kube::kEvents, event(name + "-c"));
  env.compact();
  Watching late(from(first["metadata"]["resourceVersion"]), kube::kEvents);
  REQUIRE(wait_until([&] { return late.end().has_value(); }));
  REQUIRE_FALSE(late.end()->has_value());
  CHECK(late.end()->error().code == ErrorCode::kGone);

  bool compacted = false;
  const auto listed = env.client().list(
      kube::kEvents, {.ns = env.ns(), .label_selector = {}, .field_selector = {}, .page_size = 1},
      [&](std::string_view) -> Result<void> {
        if (!compacted) env.create(kube::kEvents, event(name + "-d"));
        if (!compacted) env.compact();
        compacted = true;
        return {};
      },
      no_stop());
  REQUIRE_FALSE(listed);
  CHECK(listed.error().code == ErrorCode::kGone);
}
