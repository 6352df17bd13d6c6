// What makes a restart stand still before its next step: a kill switch, or another workload under the same
// PodDisruptionBudget.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "remint/controllers/restart_controller.hpp"
#include "remint/kube/resources.hpp"
#include "restart_looks.hpp"

namespace remint::controllers {
namespace {

bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::any_of(a, [&](const auto& name) { return std::ranges::find(b, name) != b.end(); });
}

/// Labels of the pods that the workload makes; of a bare pod its own.
policy::Labels pod_labels(const ObjectRef& target, const std::string& object) {
  const auto json = parse_json(object);
  if (!json) return {};
  FieldErrors ignored;
  const JsonReader root(*json, ignored);
  const auto labels = (target.kind == "Pod" ? root : root.at("spec").at("template")).at("metadata").at("labels");
  policy::Labels result;
  for (const auto& key : labels.keys()) result.emplace(key, labels.at(key).string());
  return result;
}

/// A metav1.LabelSelector; operators that do not exist are left out: no API server stores them.
policy::LabelSelector read_selector(const JsonReader& reader) {
  policy::LabelSelector selector;
  for (const auto& key : reader.at("matchLabels").keys()) {
    selector.match_labels.emplace(key, reader.at("matchLabels").at(key).string());
  }
  using enum policy::LabelSelector::Operator;
  static const std::map<std::string, policy::LabelSelector::Operator, std::less<>> kOperators{
      {"In", kIn}, {"NotIn", kNotIn}, {"Exists", kExists}, {"DoesNotExist", kDoesNotExist}};
  for (const auto& item : reader.at("matchExpressions").items()) {
    const auto op = kOperators.find(item.at("operator").string());
    if (op == kOperators.end()) continue;
    selector.match_expressions.push_back({item.at("key").string(), op->second, item.at("values").strings()});
  }
  return selector;
}

/// Names of the PodDisruptionBudgets that cover the workload's pods.
Result<std::vector<std::string>> budgets_of(kube::Client& client, const ObjectRef& target, const std::string& object,
                                            const std::stop_token& stop) {
  std::vector<std::string> names;
  const auto labels = pod_labels(target, object);
  const auto listed = client.list(
      kube::kDisruptionBudgets, {target.ns, "", "", 500},
      [&](std::string_view text) -> Result<void> {
        const auto json = parse_json(text);
        if (!json) return std::unexpected(json.error());
        FieldErrors ignored;
        const JsonReader root(*json, ignored);
        const auto selector = root.at("spec").at("selector");
        // Without a selector it covers nothing; an empty one covers all.
        if (!selector.present() || !read_selector(selector).matches(labels)) return {};
        if (names.size() < restart::kMaxBudgets) names.push_back(root.at("metadata").at("name").string());
        return {};
      },
      stop);
  const bool readable =
      listed || (listed.error().code != ErrorCode::kForbidden && listed.error().code != ErrorCode::kNotFound);
  if (!listed && readable) {
    return fail_in(listed.error(), "listing PodDisruptionBudgets in " + target.ns);
  }
  // Who does not let us look at budgets does not want us to wait for them; evictions honour them all the same.
  return names;
}

bool under_way(Phase phase) { return phase == Phase::kRunning || phase == Phase::kVerifying; }

}  // namespace

Result<bool> RestartController::stands_still(restart::Journal& journal, const std::stop_token& stop) {
  const auto by = hooks_.suspended(journal, stop);
  if (!by) return fail_in(by.error(), "asking whether Remint is suspended");
  auto next = restart::note_suspended(journal, *by, clock_.now());
  if (next != journal.status) {
    auto saved = save(journal, std::move(next), stop);
    if (!saved) return std::unexpected(saved.error());
    journal = std::move(*saved);
    if (!by->empty()) {
      events_.record({journal.spec.target, journal.key.name, true, "RestartSuspended", "Restart",
                      journal.key.name + " stands still: suspended by " + *by});
    }
  }
  return !by->empty();
}

Result<bool> RestartController::waits_for_budget(restart::Journal& journal, const restart::Observation& observation,
                                                 const std::stop_token& stop) {
  if (!observation.target || journal.spec.policy.empty()) return false;  // a person asked for it, now
  const auto budgets = budgets_of(client_, journal.spec.target, observation.target->object, stop);
  if (!budgets) return std::unexpected(budgets.error());
  journal.status.budgets = *budgets;
  if (budgets->empty()) return false;
  std::uint32_t others = 0;
  std::string one;
  for (const auto& other : journals_.all()) {
    if (other->key.ns != journal.key.ns || other->uid == journal.uid || !under_way(other->status.phase)) continue;
    if (!overlap(other->status.budgets, *budgets)) continue;
    ++others;
    one = other->spec.target.kind + "/" + other->spec.target.name;
  }
  if (others < hooks_.max_per_budget(journal)) return false;
  const std::string why = "waits for the restart of " + one + " to end: both are under the PodDisruptionBudget " +
                          budgets->front() + " (policy: maxConcurrentPerBudget)";
  auto next = restart::note_blocked(journal, "DisruptionBudgetShared", why, clock_.now());
  if (next == journal.status) return true;
  auto saved = save(journal, std::move(next), stop);
  if (!saved) return std::unexpected(saved.error());
  journal = std::move(*saved);
  return true;
}

}  // namespace remint::controllers
