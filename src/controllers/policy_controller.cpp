#include "remint/controllers/policy_controller.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "policy_status.hpp"
#include "remint/base/log.hpp"
#include "remint/kube/resources.hpp"

namespace remint::controllers {
namespace {

/// Conditions are written at once; numbers and lists may be this old, so that a busy cluster costs few writes.
constexpr auto kStatusEvery = std::chrono::seconds(2);

std::string reference_of(const std::string& kind, const ObjectKey& key) { return kind + "/" + key.to_string(); }

ObjectKey key_of(const Json& object) {
  FieldErrors ignored;
  const auto metadata = JsonReader(object, ignored).at("metadata");
  return {metadata.at("namespace").string(), metadata.at("name").string()};
}

}  // namespace

/// Feeds one kind's objects in. A relist drops what it does not name.
class PolicyController::Sink final : public runtime::ReflectorSink {
 public:
  Sink(PolicyController& owner, std::string kind) : owner_(owner), kind_(std::move(kind)) {}
  void begin_list() override { listed_.clear(); }
  Result<void> apply(std::string_view text, bool initial) override {
    const auto object = parse_json(text);
    if (!object) return std::unexpected(object.error());
    if (initial) listed_.insert(reference_of(kind_, key_of(*object)));
    owner_.upsert(*object, kind_);
    if (!initial) owner_.publish();
    return {};
  }
  Result<void> remove(std::string_view text) override {
    const auto object = parse_json(text);
    if (!object) return std::unexpected(object.error());
    {
      const std::lock_guard lock(owner_.mutex_);
      owner_.entries_.erase(reference_of(kind_, key_of(*object)));
    }
    owner_.publish();
    return {};
  }
  void end_list() override {
    {
      const std::lock_guard lock(owner_.mutex_);
      std::erase_if(owner_.entries_,
                    [&](const auto& item) { return item.second.kind == kind_ && !listed_.contains(item.first); });
    }
    owner_.publish();
  }

 private:
  PolicyController& owner_;
  std::string kind_;
  std::set<std::string> listed_;
};

PolicyController::PolicyController(kube::Client& client, const Clock& clock, metrics::Registry& metrics,
                                   PolicyHooks hooks)
    : client_(client),
      clock_(clock),
      hooks_(std::move(hooks)),
      valid_(metrics.gauge("remint_policies", "Policies, by whether their newest spec is valid.", {{"valid", "true"}})),
      invalid_(
          metrics.gauge("remint_policies", "Policies, by whether their newest spec is valid.", {{"valid", "false"}})),
      cluster_(std::make_unique<Sink>(*this, "ClusterTokenRefreshPolicy")),
      namespaced_(std::make_unique<Sink>(*this, "TokenRefreshPolicy")) {}

PolicyController::~PolicyController() { stop(); }

runtime::ReflectorSink& PolicyController::cluster_sink() { return *cluster_; }
runtime::ReflectorSink& PolicyController::namespaced_sink() { return *namespaced_; }

void PolicyController::upsert(const Json& object, const std::string& kind) {
  FieldErrors ignored;
  const JsonReader reader(object, ignored);
  const auto key = key_of(object);
  const auto generation = reader.at("metadata").at("generation").integer(0, 0, INT64_MAX);
  // Items of a List carry no kind of their own.
  Json with_kind = object;
  with_kind["kind"] = kind;
  with_kind["apiVersion"] = "remint.dev/v1alpha1";
  auto parsed = policy::parse_policy(with_kind);

  const std::lock_guard lock(mutex_);
  auto& entry = entries_[reference_of(kind, key)];
  entry.kind = kind;
  entry.key = key;
  entry.uid = reader.at("metadata").at("uid").string();
  entry.generation = generation;
  entry.resumed = reader.at("metadata").at("annotations").at("remint.dev/resumed-at").time();
  entry.status = dump_json(reader.at("status").json());
  if (parsed) {
    entry.errors.clear();
    entry.good = std::move(*parsed);
  } else {
    entry.errors = std::move(parsed.error());
    log::warn(
        "Policy is not valid, its last good spec stays in force",
        {{"policy", reference_of(kind, key)}, {"inForce", entry.good.has_value()}, {"errors", join(entry.errors)}});
  }
}

void PolicyController::publish() {
  std::vector<policy::Policy> in_force;
  std::map<std::string, StormMemory> memories;
  {
    const std::lock_guard lock(mutex_);
    double bad = 0;
    for (const auto& [reference, entry] : entries_) {
      if (entry.good) in_force.push_back(*entry.good);
      memories.emplace(reference, StormMemory{storm_in_status(entry.status), entry.resumed});
      if (!entry.errors.empty()) ++bad;
    }
    invalid_.set(bad);
    valid_.set(static_cast<double>(entries_.size()) - bad);
    dirty_ = true;
  }
  hooks_.in_force(std::move(in_force), std::move(memories));
  changed_.notify_all();
}

void PolicyController::tell_of_storm(const Entry& entry, const Json& previous, const OpenState& open) {
  const auto now = open.storms.find(reference_of(entry.kind, entry.key));
  const bool on = now != open.storms.end();
  const bool was_on = storm_in_status(dump_json(previous)).has_value();
  if (on == was_on || !hooks_.tell) return;
  const ObjectRef about{"remint.dev/v1alpha1", entry.kind, entry.key.ns, entry.key.name, entry.uid};
  const auto note = on ? storm_text(now->second, entry.key) : "nothing holds restarts back any more";
  log::write(on ? log::Level::kError : log::Level::kInfo, on ? "Storm brake on" : "Storm brake off",
             {{"policy", reference_of(entry.kind, entry.key)}, {"reason", note}});
  hooks_.tell({about, "", on, on ? "StormBrakeOn" : "StormBrakeOff", "Decide", note});
}

void PolicyController::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void PolicyController::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void PolicyController::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, kStatusEvery, [&] { return dirty_; });
      dirty_ = false;
    }
    if (!stop.stop_requested() && hooks_.leads()) write_statuses(stop);
  }
}

void PolicyController::write_statuses(const std::stop_token& stop) {
  const auto open = hooks_.open_state();
  if (!open) {
    log::warn("Policy status not written", {{"error", open.error()}});
    return;
  }
  const auto restarts = hooks_.restarts();
  std::vector<Entry> entries;
  std::vector<policy::Policy> in_force;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [reference, entry] : entries_) {
      entries.push_back(entry);
      if (entry.good) in_force.push_back(*entry.good);
    }
  }
  for (const auto& entry : entries) {
    const auto reference = reference_of(entry.kind, entry.key);
    const Json previous = parse_json(entry.status).value_or(Json());
    const PolicyView view{reference,     entry.generation,
                          &entry.errors, entry.good ? entry.good->generation : -1,
                          &previous,     entry.good ? &*entry.good : nullptr,
                          &in_force};
    const auto status = policy_status(view, *open, restarts, clock_.now());
    const auto text = dump_json(status);
    if (text == entry.written || status_equals(status, previous)) continue;
    kube::WriteOptions options;
    options.subresource = "status";
    const auto& resource = entry.key.ns.empty() ? kube::kClusterPolicies : kube::kPolicies;
    const auto done =
        client_.patch(resource, entry.key, kube::PatchType::kMerge, dump_json(Json{{"status", status}}), stop, options);
    if (!done) {
      log::warn("Policy status not written", {{"policy", reference}, {"error", done.error()}});
      continue;
    }
    tell_of_storm(entry, previous, *open);
    const std::lock_guard lock(mutex_);
    if (const auto it = entries_.find(reference); it != entries_.end()) it->second.written = text;
  }
}

}  // namespace remint::controllers
