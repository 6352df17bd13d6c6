#include "remint/runtime/store.hpp"

#include <catch2/catch.hpp>
#include <thread>

using namespace remint;
using runtime::Store;

namespace {

struct Thing {
  std::string name;
  std::uint64_t version = 0;
};
using Things = Store<Thing>;

// "name:version"; anything else is not a thing.
Result<std::pair<ObjectKey, Thing>> decode(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return fail(ErrorCode::kInvalid, "not a thing");
  const std::string name(text.substr(0, colon));
  return std::pair{ObjectKey{"", name}, Thing{name, runtime::version_number(text.substr(colon + 1))}};
}
std::uint64_t version(const Thing& thing) { return thing.version; }
ObjectKey key(const std::string& name) { return {"", name}; }

void list(Things& store, std::initializer_list<std::string_view> objects) {
  store.begin_list();
  for (const auto object : objects) CHECK(store.apply(object, true));
  store.end_list();
}

std::uint64_t version_in(const Things& store, const std::string& name) {
  const auto thing = store.get(key(name));
  return thing ? thing->version : 0;
}

}  // namespace

TEST_CASE("A store shows a list only when it is whole") {
  Things store(decode);
  store.begin_list();
  CHECK(store.apply("a:1", true));
  CHECK(store.get(key("a")) == nullptr);
  CHECK(store.size() == 0);
  store.end_list();
  CHECK(version_in(store, "a") == 1);
}

TEST_CASE("A list begun anew forgets the half that came before") {
  Things store(decode);
  store.begin_list();
  CHECK(store.apply("half:1", true));
  list(store, {"a:2"});
  CHECK(store.get(key("half")) == nullptr);
  CHECK(version_in(store, "a") == 2);
}

TEST_CASE("A relist drops what is gone and tells of every key, old and new") {
  std::map<std::string, bool> told;
  Things store(decode, [&](const ObjectKey& k, const Things::Ptr& now) { told[k.name] = now != nullptr; });
  list(store, {"a:1", "b:2"});
  told.clear();
  list(store, {"b:2", "c:3"});
  CHECK(told == std::map<std::string, bool>{{"a", false}, {"b", true}, {"c", true}});
  CHECK(store.all().size() == 2);
}

TEST_CASE("Watch events change single objects") {
  std::vector<std::string> told;
  Things store(decode, [&](const ObjectKey& k, const Things::Ptr& now) { told.push_back(k.name + (now ? "+" : "-")); });
  list(store, {});
  CHECK(store.apply("a:1", false));
  CHECK(store.apply("a:2", false));
  CHECK(store.remove("a:3"));
  CHECK(store.get(key("a")) == nullptr);
  CHECK(told == std::vector<std::string>{"a+", "a+", "a-"});
}

TEST_CASE("An object that cannot be decoded is an error and changes nothing") {
  Things store(decode);
  list(store, {"a:1"});
  CHECK_FALSE(store.apply("garbage", false));
  CHECK_FALSE(store.remove("garbage"));
  CHECK(store.size() == 1);
}

TEST_CASE("What a reader holds stays as it was") {
  Things store(decode);
  list(store, {"a:1"});
  const auto before = store.get(key("a"));
  CHECK(store.apply("a:2", false));
  CHECK(before->version == 1);
}

TEST_CASE("Our own write shows at once, and an older event on its way does not undo it") {
  Things store(decode, {}, version);
  list(store, {"a:10"});
  store.put(key("a"), {"a", 12});
  CHECK(version_in(store, "a") == 12);
  CHECK(store.apply("a:11", false));
  CHECK(version_in(store, "a") == 12);
  CHECK(store.apply("a:13", false));
  CHECK(version_in(store, "a") == 13);
}

// The patch returns version 12; before put() is called the watch reports 13, which somebody else (a person who
// approves) wrote after it. Were 12 put in then, it would stay until the next change, which may never come.
TEST_CASE("Our own write does not replace what somebody else wrote after it") {
  Things store(decode, {}, version);
  list(store, {"a:10"});
  CHECK(store.apply("a:13", false));
  store.put(key("a"), {"a", 12});
  CHECK(version_in(store, "a") == 13);
}

TEST_CASE("Our own write does not bring back what the watch has reported deleted") {
  Things store(decode, {}, version);
  list(store, {"a:10"});
  CHECK(store.remove("a:13"));
  store.put(key("a"), {"a", 12});
  CHECK(store.get(key("a")) == nullptr);
}

TEST_CASE("A deletion heard of late does not remove what was made anew") {
  Things store(decode, {}, version);
  list(store, {"a:10"});
  store.put(key("a"), {"a", 15});
  CHECK(store.remove("a:12"));
  CHECK(version_in(store, "a") == 15);
}

TEST_CASE("Our own write during a list is kept when the list shows an older one") {
  Things store(decode, {}, version);
  list(store, {"a:10"});
  store.begin_list();
  CHECK(store.apply("a:11", true));
  store.put(key("a"), {"a", 12});
  store.end_list();
  CHECK(version_in(store, "a") == 12);
}

TEST_CASE("After etcd was restored from a backup the list counts, though its versions are lower") {
  Things store(decode, {}, version);
  list(store, {"a:1000"});
  store.put(key("a"), {"a", 1001});
  list(store, {"a:50"});
  CHECK(version_in(store, "a") == 50);
  store.put(key("a"), {"a", 51});
  CHECK(version_in(store, "a") == 51);
}

TEST_CASE("Versions are numbers or unknown") {
  CHECK(runtime::version_number("12345") == 12345);
  CHECK(runtime::version_number("") == 0);
  CHECK(runtime::version_number("12a") == 0);
  CHECK(runtime::version_number("99999999999999999999999") == 0);
}

// Invariant: every list holds 50 objects of one generation, so a reader that sees fewer, or two generations at once,
// has seen half a swap.
TEST_CASE("Readers never see half of a relist") {
  constexpr int kObjects = 50;
  Things store(decode);
  const auto relist = [&](int generation) {
    store.begin_list();
    for (int i = 0; i < kObjects; ++i) {
      static_cast<void>(store.apply(std::to_string(i) + ":" + std::to_string(generation), true));
    }
    store.end_list();
  };
  relist(1);
  std::atomic<int> torn = 0;
  {
    const auto read = [&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        const auto all = store.all();
        if (all.size() != kObjects) ++torn;
        for (const auto& thing : all) {
          if (thing->version != all.front()->version) ++torn;
        }
      }
    };
    const std::jthread one(read);
    const std::jthread two(read);
    for (int generation = 2; generation < 200; ++generation) relist(generation);
  }
  CHECK(torn == 0);
}
