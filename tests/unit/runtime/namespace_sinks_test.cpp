#include "remint/runtime/namespace_sinks.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"

using namespace remint;
using runtime::NamespaceSinks;

namespace {

std::string object(const std::string& ns, const std::string& name, const std::string& uid = "") {
  return Json{{"metadata", {{"namespace", ns}, {"name", name}, {"uid", uid.empty() ? ns + name : uid}}}, {"spec", 1}}
      .dump();
}

/// What the sink behind was told.
class Told final : public runtime::ReflectorSink {
 public:
  void begin_list() override { FAIL("a list of one namespace is not the whole truth"); }
  void end_list() override { FAIL("a list of one namespace is not the whole truth"); }
  Result<void> apply(std::string_view text, bool initial) override {
    CHECK_FALSE(initial);
    uids.insert(uid_of(text));
    return {};
  }
  Result<void> remove(std::string_view text) override {
    uids.erase(uid_of(text));
    last_removed = text;
    return {};
  }
  static std::string uid_of(std::string_view text) { return Json::parse(text)["metadata"]["uid"]; }

  std::set<std::string> uids;
  std::string last_removed;
};

void list(runtime::ReflectorSink& sink, std::initializer_list<std::string> objects) {
  sink.begin_list();
  for (const auto& each : objects) CHECK(sink.apply(each, true));
  sink.end_list();
}

}  // namespace

TEST_CASE("A relist of one namespace drops what is gone there, and nothing elsewhere") {
  Told told;
  NamespaceSinks sinks(told, NamespaceSinks::Keep::kIdentity);
  auto& shop = sinks.add();
  auto& web = sinks.add();
  list(shop, {object("shop", "a"), object("shop", "b")});
  list(web, {object("web", "a")});
  CHECK(told.uids == std::set<std::string>{"shopa", "shopb", "weba"});
  list(shop, {object("shop", "b")});
  CHECK(told.uids == std::set<std::string>{"shopb", "weba"});
  CHECK_FALSE(Json::parse(told.last_removed).contains("spec"));
  CHECK(Json::parse(told.last_removed)["metadata"]["namespace"] == "shop");
}

TEST_CASE("What was made anew under its old name while nobody watched does not stay under its old UID") {
  Told told;
  NamespaceSinks sinks(told, NamespaceSinks::Keep::kIdentity);
  auto& shop = sinks.add();
  list(shop, {object("shop", "a", "old")});
  list(shop, {object("shop", "a", "new")});
  CHECK(told.uids == std::set<std::string>{"new"});
}

TEST_CASE("A list that breaks off drops nothing") {
  Told told;
  NamespaceSinks sinks(told, NamespaceSinks::Keep::kIdentity);
  auto& shop = sinks.add();
  list(shop, {object("shop", "a"), object("shop", "b")});
  shop.begin_list();
  CHECK(shop.apply(object("shop", "b"), true));
  CHECK(told.uids.size() == 2);
  list(shop, {object("shop", "a")});
  CHECK(told.uids == std::set<std::string>{"shopa"});
}

TEST_CASE("Watch events go through, and what is no object is an error") {
  Told told;
  NamespaceSinks sinks(told, NamespaceSinks::Keep::kWhole);
  auto& shop = sinks.add();
  list(shop, {object("shop", "a")});
  CHECK(shop.apply(object("shop", "b"), false));
  CHECK(shop.remove(object("shop", "a")));
  CHECK(told.uids == std::set<std::string>{"shopb"});
  list(shop, {});
  CHECK(told.uids.empty());
  CHECK(Json::parse(told.last_removed)["spec"] == 1);
  CHECK_FALSE(shop.apply("{}", false));
  CHECK_FALSE(shop.remove("nonsense"));
}
