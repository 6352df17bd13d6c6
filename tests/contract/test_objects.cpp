// What every object has in common: creating, reading, changing, deleting, and how the server says no.

#include <catch2/catch.hpp>
#include <thread>

#include "environment.hpp"
#include "remint/base/clock.hpp"
#include "remint/kube/resources.hpp"
#include "remint/metrics/registry.hpp"

using namespace remint;
using namespace remint::contract;
using kube::PatchType;

namespace {

constexpr const char* kOtherUid = "00000000-0000-0000-0000-000000000000";

Json config_map(const std::string& name) {
  return {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", name}}}, {"data", {{"k", "v"}}}};
}

template <class T>
std::optional<ErrorCode> code(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

}  // namespace

TEST_CASE("contract: the server tells its version and that it is ready") {
  auto& env = environment();
  CHECK(Json::parse(env.client().get_path("/version", no_stop()).value())["gitVersion"].get<std::string>().starts_with(
      "v1."));
  CHECK(env.client().get_path("/readyz", no_stop()).value() == "ok");
  CHECK(code(env.client().get_path("/no/such/path", no_stop())) == ErrorCode::kNotFound);
}

TEST_CASE("contract: a token that the server does not know is unauthorized") {
  kube::Config config = environment().config();
  config.client_certificate = config.client_key = {};
  config.token = {.inline_data = "wrong", .file = {}};
  metrics::Registry metrics;
  kube::Client stranger(kube::make_transport(config, {.user_agent = "stranger"}).value(), metrics, system_clock());
  CHECK(code(stranger.get(kConfigMaps, {"default", "x"}, no_stop())) == ErrorCode::kUnauthorized);
}

TEST_CASE("contract: an object is created once, with a UID, a version and a time") {
  auto& env = environment();
  const std::string name = unique_name("created");
  const Json stored = env.create(kConfigMaps, config_map(name));
  CHECK(stored["metadata"]["uid"].get<std::string>().size() == 36);
  CHECK(std::stoull(stored["metadata"]["resourceVersion"].get<std::string>()) > 0);
  CHECK(stored["metadata"].contains("creationTimestamp"));
  CHECK((stored["kind"] == "ConfigMap" && stored["apiVersion"] == "v1"));
  const auto again = env.client().create(kConfigMaps, env.ns(), config_map(name).dump(), no_stop());
  REQUIRE(code(again) == ErrorCode::kAlreadyExists);
  CHECK(again.error().message.find("configmaps \"" + name + "\" already exists") != std::string::npos);
  CHECK(env.get(kConfigMaps, name)["data"] == stored["data"]);
}

TEST_CASE("contract: names are generated") {
  const Json stored = environment().create(kConfigMaps, {{"metadata", {{"generateName", "gen-"}}}});
  CHECK(stored["metadata"]["name"].get<std::string>().size() > 4);
}

TEST_CASE("contract: what cannot be created is refused with a reason") {
  auto& env = environment();
  const auto create = [&](const std::string& ns, const std::string& body) {
    return code(env.client().create(kConfigMaps, ns, body, no_stop()));
  };
  CHECK(create(env.ns(), R"({"metadata":{}})") == ErrorCode::kInvalid);
  CHECK(create(env.ns(), "{garbage") == ErrorCode::kInvalid);
  CHECK(create(env.ns(), R"({"metadata":{"name":"x","namespace":"other"}})") == ErrorCode::kInvalid);
  CHECK(create("remint-no-such-namespace", R"({"metadata":{"name":"x"}})") == ErrorCode::kNotFound);
}

TEST_CASE("contract: missing objects, resources and groups are not found") {
  auto& env = environment();
  const auto get = [&](const kube::Resource& resource) {
    return env.client().get(resource, env.key("none"), no_stop());
  };
  const auto missing = get(kConfigMaps);
  REQUIRE(code(missing) == ErrorCode::kNotFound);
  CHECK(missing.error().message.find("configmaps \"none\" not found") != std::string::npos);
  CHECK(code(get({"apps", "v1", "nonsenses", "Nonsense", true})) == ErrorCode::kNotFound);
  CHECK(code(get({"none.remint.dev", "v1", "things", "Thing", true})) == ErrorCode::kNotFound);
  CHECK(code(env.client().remove(kConfigMaps, env.key("none"), {}, no_stop())) == ErrorCode::kNotFound);
  CHECK(env.refused(kConfigMaps, "none", Json::object(), PatchType::kMerge) == ErrorCode::kNotFound);
}

TEST_CASE("contract: a replace with an old version is a conflict, whoever else wrote") {
  auto& env = environment();
  const std::string name = unique_name("replaced");
  const Json first = env.create(kConfigMaps, config_map(name));
  Json second = first;
  second["data"]["k"] = "second";
  REQUIRE(env.client().replace(kConfigMaps, env.key(name), second.dump(), no_stop()));
  Json third = first;
  third["data"]["k"] = "third";
  CHECK(code(env.client().replace(kConfigMaps, env.key(name), third.dump(), no_stop())) == ErrorCode::kConflict);
  third["metadata"].erase("resourceVersion");
  third["metadata"]["uid"] = kOtherUid;
  CHECK(code(env.client().replace(kConfigMaps, env.key(name), third.dump(), no_stop())) == ErrorCode::kConflict);
  CHECK(env.get(kConfigMaps, name)["data"]["k"] == "second");
}

TEST_CASE("contract: a patch is held to the version and the UID that it names") {
  auto& env = environment();
  const std::string name = unique_name("patched");
  const Json stored = env.create(kConfigMaps, config_map(name));
  const auto with = [&](const char* field, const std::string& value) {
    const Json patch = {{"metadata", {{field, value}}}, {"data", {{"k", "w"}}}};
    return env.refused(kConfigMaps, name, patch, PatchType::kMerge);
  };
  CHECK(with("resourceVersion", "1") == ErrorCode::kConflict);
  CHECK(with("uid", kOtherUid) == ErrorCode::kInvalid);
  CHECK(env.get(kConfigMaps, name)["data"]["k"] == "v");
  CHECK_FALSE(with("uid", stored["metadata"]["uid"]));
  CHECK(env.get(kConfigMaps, name)["data"]["k"] == "w");
}

TEST_CASE("contract: merge and JSON patches do what their standards say") {
  auto& env = environment();
  const std::string name = unique_name("patches");
  env.create(kConfigMaps, config_map(name));
  const Json merged = env.patch(kConfigMaps, name, {{"data", {{"k", nullptr}, {"a", "1"}}}});
  CHECK(merged["data"] == Json({{"a", "1"}}));
  const auto json = [](const char* text) { return Json::parse(text); };
  const Json replaced = env.patch(kConfigMaps, name, json(R"([{"op":"test","path":"/data/a","value":"1"},
      {"op":"replace","path":"/data/a","value":"2"}])"),
                                  PatchType::kJson);
  CHECK(replaced["data"]["a"] == "2");
  const auto refused = [&](const char* text) { return env.refused(kConfigMaps, name, json(text), PatchType::kJson); };
  CHECK(refused(R"([{"op":"test","path":"/data/a","value":"1"},{"op":"remove","path":"/data/a"}])") ==
        ErrorCode::kInvalid);
  CHECK(refused(R"([{"op":"remove","path":"/data/none"}])") == ErrorCode::kInvalid);
  CHECK(refused(R"({"op":"remove","path":"/data/a"})") == ErrorCode::kInvalid);
  CHECK(env.get(kConfigMaps, name)["data"]["a"] == "2");
}

TEST_CASE("contract: a write that changes nothing keeps the version") {
  auto& env = environment();
  const std::string name = unique_name("same");
  const Json stored = env.create(kConfigMaps, config_map(name));
  const Json same = env.patch(kConfigMaps, name, {{"data", {{"k", "v"}}}});
  CHECK(same["metadata"]["resourceVersion"] == stored["metadata"]["resourceVersion"]);
}

TEST_CASE("contract: apply creates what is missing and changes what is there") {
  auto& env = environment();
  const std::string name = unique_name("applied");
  Json object = config_map(name);
  const auto apply = [&] {
    kube::WriteOptions options;
    options.force = true;
    return env.client().patch(kConfigMaps, env.key(name), PatchType::kApply, object.dump(), no_stop(), options);
  };
  const auto created = apply();
  REQUIRE(created);
  object["data"]["k"] = "w";
  const auto changed = apply();
  REQUIRE(changed);
  CHECK(Json::parse(*changed)["data"]["k"] == "w");
  CHECK(Json::parse(*changed)["metadata"]["uid"] == Json::parse(*created)["metadata"]["uid"]);
}

TEST_CASE("contract: a dry run answers as if, and stores nothing") {
  auto& env = environment();
  const std::string name = unique_name("dry");
  kube::WriteOptions dry;
  dry.dry_run = true;
  REQUIRE(env.client().create(kConfigMaps, env.ns(), config_map(name).dump(), no_stop(), dry));
  CHECK(code(env.client().get(kConfigMaps, env.key(name), no_stop())) == ErrorCode::kNotFound);
  env.create(kConfigMaps, config_map(name));
  CHECK(code(env.client().create(kConfigMaps, env.ns(), config_map(name).dump(), no_stop(), dry)) ==
        ErrorCode::kAlreadyExists);
  const auto patched =
      env.client().patch(kConfigMaps, env.key(name), PatchType::kMerge, R"({"data":{"k":"w"}})", no_stop(), dry);
  REQUIRE(patched);
  CHECK(Json::parse(*patched)["data"]["k"] == "w");
  CHECK(env.get(kConfigMaps, name)["data"]["k"] == "v");
}

TEST_CASE("contract: deletions are held to their preconditions") {
  auto& env = environment();
  const std::string name = unique_name("deleted");
  const Json stored = env.create(kConfigMaps, config_map(name));
  const auto remove = [&](const std::string& uid, const std::string& version) {
    kube::DeleteOptions options;
    options.uid = uid;
    options.resource_version = version;
    return code(env.client().remove(kConfigMaps, env.key(name), options, no_stop()));
  };
  CHECK(remove(kOtherUid, "") == ErrorCode::kConflict);
  CHECK(remove("", "1") == ErrorCode::kConflict);
  CHECK_FALSE(remove(stored["metadata"]["uid"], stored["metadata"]["resourceVersion"]));
  CHECK(code(env.client().get(kConfigMaps, env.key(name), no_stop())) == ErrorCode::kNotFound);
}

TEST_CASE("contract: what has finalizers is terminating until the last is taken away") {
  auto& env = environment();
  const std::string name = unique_name("finalized");
  Json object = config_map(name);
  object["metadata"]["finalizers"] = {"remint.dev/contract"};
  env.create(kConfigMaps, object);
  REQUIRE(env.client().remove(kConfigMaps, env.key(name), {}, no_stop()));
  CHECK(env.get(kConfigMaps, name)["metadata"].contains("deletionTimestamp"));
  env.patch(kConfigMaps, name, {{"metadata", {{"finalizers", nullptr}}}});
  CHECK(code(env.client().get(kConfigMaps, env.key(name), no_stop())) == ErrorCode::kNotFound);
}

TEST_CASE("contract: a Lease needs its version to be replaced, and only one of two writers wins") {
  auto& env = environment();
  const std::string name = unique_name("lease");
  Json lease = env.create(kube::kLeases, {{"metadata", {{"name", name}}},
                                          {"spec",
                                           {{"holderIdentity", "a"},
                                            {"leaseDurationSeconds", 15},
                                            {"renewTime", "2026-07-01T10:27:28.826058Z"},
                                            {"leaseTransitions", 0}}}});
  CHECK(lease["spec"]["renewTime"] == "2026-07-01T10:27:28.826058Z");
  Json blind = lease;
  blind["metadata"].erase("resourceVersion");
  CHECK(code(env.client().replace(kube::kLeases, env.key(name), blind.dump(), no_stop())) == ErrorCode::kInvalid);
  const Json old = lease;
  lease["spec"]["holderIdentity"] = "b";
  REQUIRE(env.client().replace(kube::kLeases, env.key(name), lease.dump(), no_stop()));
  CHECK(code(env.client().replace(kube::kLeases, env.key(name), old.dump(), no_stop())) == ErrorCode::kConflict);
  CHECK(env.get(kube::kLeases, name)["spec"]["holderIdentity"] == "b");
}

TEST_CASE("contract: no update is lost when two threads count with versions") {
  auto& env = environment();
  const std::string name = unique_name("counter");
  Json object = config_map(name);
  object["data"]["k"] = "0";
  env.create(kConfigMaps, object);
  const auto count = [&] {
    for (int done = 0; done < 10;) {
      const auto text = env.client().get(kConfigMaps, env.key(name), no_stop());
      if (!text) return;
      Json now = Json::parse(*text);
      now["data"]["k"] = std::to_string(std::stoi(now["data"]["k"].get<std::string>()) + 1);
      if (env.client().replace(kConfigMaps, env.key(name), now.dump(), no_stop())) ++done;
    }
  };
  {
    const std::jthread one(count), two(count);
  }
  CHECK(env.get(kConfigMaps, name)["data"]["k"] == "20");
}
