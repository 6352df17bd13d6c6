// The API server's part of the small cluster: it checks every write as the real one does.

#include "rolling_fixture.hpp"

#include <algorithm>

namespace remint::restart {

bool matches(const Json& selector, const Json& labels) {
  return std::ranges::all_of(selector.items(), [&](const auto& item) {
    return labels.contains(item.key()) && labels.at(item.key()) == item.value();
  });
}

namespace {

Answer taken() { return {true, {}, ""}; }
Answer refused(ErrorCode code, std::string message) { return {false, code, std::move(message)}; }

}  // namespace

RollingWorld::RollingWorld(std::int64_t replicas) : floor(replicas) {
  journal_.key = {"shop", "replicationcontroller-cart-1"};
  journal_.uid = "uid-journal";
  journal_.resource_version = "1";
  journal_.generation = 1;
  journal_.created = now;
  journal_.spec.target = {"v1", "ReplicationController", "shop", kOld, ""};
  journal_.spec.strategy = Strategy::kRollingReplace;
  journal_.spec.options.update_period = seconds(3);
  journal_.spec.reason = "3 requests were answered 401";
  create(Json::parse(R"({"apiVersion": "v1", "kind": "ReplicationController",
    "metadata": {"name": "cart", "namespace": "shop", "labels": {"team": "checkout"},
      "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "owner": "jo"}},
    "spec": {"replicas": 0, "selector": {"app": "cart"}, "minReadySeconds": 1,
      "template": {"metadata": {"labels": {"app": "cart", "tier": "web"}, "creationTimestamp": null},
        "spec": {"containers": [{"name": "cart", "image": "cart:7"}]}}}})"));
  scale(kOld, replicas);
  const std::int64_t wanted = std::exchange(floor, 0);
  for (int i = 0; i < 10; ++i) {
    others_work(seconds(2));
  }
  floor = wanted;
  journal_.spec.target.uid = old().at("metadata").at("uid");
  original_ = old();
}

void RollingWorld::bump(Json& object) { object["metadata"]["resourceVersion"] = std::to_string(++version_); }

void RollingWorld::create(Json object) {
  object["metadata"]["uid"] = "uid-" + std::to_string(++made_);
  object["metadata"]["generation"] = 1;
  object["metadata"].erase("deletionTimestamp");
  object["status"] = {{"replicas", 0}};
  bump(object);
  const std::string name = object.at("metadata").at("name");
  controllers[name] = std::move(object);
}

void RollingWorld::edit(const std::string& name, const Json& patch) {
  Json& object = controllers.at(name);
  const Json before_it = object;
  object.merge_patch(patch);
  object["metadata"]["resourceVersion"] = before_it["metadata"]["resourceVersion"];
  if (object == before_it) {
    return;  // the real one writes nothing then, either
  }
  if (object["spec"] != before_it["spec"]) {
    object["metadata"]["generation"] = object["metadata"]["generation"].get<int>() + 1;
  }
  bump(object);
}

void RollingWorld::scale(const std::string& name, std::int64_t replicas) {
  edit(name, {{"spec", {{"replicas", replicas}}}});
}

void RollingWorld::remove(const std::string& name, const std::string& propagation) {
  if (propagation == "Orphan") {
    edit(name, {{"metadata", {{"deletionTimestamp", format_rfc3339(now)}, {"finalizers", {"orphan"}}}}});
  } else {
    controllers.erase(name);
    ++version_;
  }
}

Answer RollingWorld::write(const Act& act) {
  if (const auto* made = std::get_if<Create>(&act)) {
    Json object = Json::parse(made->object);
    REQUIRE(object.at("metadata").at("namespace") == "shop");
    REQUIRE_FALSE(object.at("metadata").contains("uid"));
    REQUIRE_FALSE(object.at("metadata").contains("resourceVersion"));
    REQUIRE(matches(object.at("spec").at("selector"), object.at("spec").at("template").at("metadata").at("labels")));
    if (controllers.contains(object.at("metadata").at("name"))) {
      return refused(ErrorCode::kAlreadyExists, "already exists");
    }
    if (!made->dry_run) {
      create(std::move(object));
    }
    return taken();
  }
  if (const auto* patch = std::get_if<Patch>(&act)) {
    const auto found = controllers.find(patch->key.name);
    if (found == controllers.end()) {
      return refused(ErrorCode::kNotFound, "not found");
    }
    const Json body = Json::parse(patch->body);
    const Json& metadata = found->second.at("metadata");
    if (body.at("metadata").at("uid") != metadata.at("uid") ||
        body.at("metadata").at("resourceVersion") != metadata.at("resourceVersion")) {
      return refused(ErrorCode::kConflict, "changed since");
    }
    edit(patch->key.name, body);
    return taken();
  }
  if (const auto* deletion = std::get_if<Delete>(&act)) {
    const auto found = controllers.find(deletion->key.name);
    if (found == controllers.end()) {
      return refused(ErrorCode::kNotFound, "not found");
    }
    const Json& metadata = found->second.at("metadata");
    if (metadata.at("uid") != deletion->uid || metadata.at("resourceVersion") != deletion->resource_version) {
      return refused(ErrorCode::kConflict, "changed since");
    }
    remove(deletion->key.name, deletion->propagation);
  }
  return taken();
}

Answer RollingWorld::carry_out(const Effect& effect) {
  if (before) {
    before(effect);
  }
  if (refuse) {
    if (auto answer = refuse(effect)) {
      return *answer;
    }
  }
  const Answer answer = write(effect.act);
  check_service();
  return answer;
}

std::int64_t RollingWorld::serving() const {
  return std::ranges::count_if(pods,
                               [](const RollingPod& pod) { return pod.selected && pod.ready_since && !pod.gone_at; });
}

std::int64_t RollingWorld::size_of(const std::string& name) const {
  const auto found = controllers.find(name);
  return found == controllers.end() ? -1 : found->second.at("spec").at("replicas").get<std::int64_t>();
}

void RollingWorld::check_service() const {
  if (serving() < floor) {
    FAIL("only " << serving() << " pods serve in step " << journal_.status.step);
  }
}

}  // namespace remint::restart
