#include "restart_acts.hpp"

#include "remint/kube/resources.hpp"

namespace remint::controllers {
namespace {

Result<const kube::Resource*> resource_of(const std::string& kind) {
  const auto* resource = kube::workload_resource(kind);
  if (resource == nullptr) return fail(ErrorCode::kInternal, "no objects of kind " + kind + " can be written");
  return resource;
}

/// What the API server stored is looked at in the next step; here only whether it was taken counts.
Result<void> taken(const Result<std::string>& stored) {
  if (!stored) return std::unexpected(stored.error());
  return {};
}

struct Carry {
  kube::Client& client;
  const std::stop_token& stop;

  Result<void> operator()(const restart::Create& act) const {
    const auto resource = resource_of(act.kind);
    if (!resource) return std::unexpected(resource.error());
    kube::WriteOptions options;
    options.dry_run = act.dry_run;
    return taken(client.create(**resource, act.ns, act.object, stop, options));
  }
  Result<void> operator()(const restart::Patch& act) const {
    const auto resource = resource_of(act.kind);
    if (!resource) return std::unexpected(resource.error());
    kube::WriteOptions options;
    options.subresource = act.subresource;
    const auto type =
        act.type == restart::Patch::Type::kMerge ? kube::PatchType::kMerge : kube::PatchType::kStrategicMerge;
    return taken(client.patch(**resource, act.key, type, act.body, stop, options));
  }
  Result<void> operator()(const restart::Delete& act) const {
    const auto resource = resource_of(act.kind);
    if (!resource) return std::unexpected(resource.error());
    kube::DeleteOptions options;
    options.uid = act.uid;
    options.resource_version = act.resource_version;  // an edit between look and deletion must not be lost
    options.propagation = act.propagation;
    return client.remove(**resource, act.key, options, stop);
  }
  Result<void> operator()(const restart::Evict& act) const {
    kube::DeleteOptions options;
    options.uid = act.uid;
    return client.evict(act.pod, options, stop);
  }
  template <class Other>
  Result<void> operator()(const Other&) const {
    return fail(ErrorCode::kInternal, "this effect does not concern the workload");
  }
};

struct Describe {
  std::string operator()(const restart::Create& act) const {
    return std::string(act.dry_run ? "try to create " : "create ") + act.kind + " in " + act.ns;
  }
  std::string operator()(const restart::Patch& act) const {
    return (act.subresource.empty() ? "patch " : "patch " + act.subresource + " of ") + act.kind + " " +
           act.key.to_string();
  }
  std::string operator()(const restart::Delete& act) const { return "delete " + act.kind + " " + act.key.to_string(); }
  std::string operator()(const restart::Evict& act) const { return "evict Pod " + act.pod.to_string(); }
  std::string operator()(const restart::Notify& act) const { return "tell " + act.reason; }
  std::string operator()(const restart::HoldJournal&) const { return "add the finalizer"; }
  std::string operator()(const restart::ReleaseJournal&) const { return "remove the finalizer"; }
};

}  // namespace

Result<void> carry_out(kube::Client& client, const restart::Act& act, const std::stop_token& stop) {
  return std::visit(Carry{client, stop}, act);
}

std::string describe(const restart::Act& act) { return std::visit(Describe{}, act); }

bool is_answer(const Error& error) {
  switch (error.code) {
    case ErrorCode::kForbidden:
    case ErrorCode::kInvalid:
    case ErrorCode::kTooLarge:
    case ErrorCode::kTooMany:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConflict:
    case ErrorCode::kNotFound:
      return true;
    default:
      return false;
  }
}

}  // namespace remint::controllers
