#include "remint/policy/strategy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checks.hpp"
#include "own_restarts.hpp"
#include "remint/base/text.hpp"

namespace remint::policy {
namespace {

constexpr std::string_view kAnnotation = "remint.dev/strategy";

Choice refusal(std::string_view check, std::string why) {
  Choice choice;
  choice.check = check;
  choice.why = std::move(why);
  return choice;
}

/// Leaves nothing behind that a controller which compares with git could take back.
bool changes_nothing_lasting(Strategy strategy) {
  return strategy == Strategy::kEvictPods || strategy == Strategy::kRecreate;
}

/// Trouble of single pods, not of all that are older than something.
bool hits_single_pods(Diagnosis diagnosis) {
  return diagnosis != Diagnosis::kSigningKeyChanged && diagnosis != Diagnosis::kCaChanged &&
         diagnosis != Diagnosis::kServiceAccountRecreated && diagnosis != Diagnosis::kSecretRegenerated;
}

class Chooser {
 public:
  Chooser(const Effective& policy, const WorkloadFacts& workload, const CaseFacts& facts,
          std::span<const PastRestart> restarts, Time now)
      : policy_(policy),
        workload_(workload),
        facts_(facts),
        own_(own_restarts(restarts, workload.ref)),
        failures_(failures_since_cure(restarts, workload.ref)),
        now_(now) {}

  Choice choose() {
    if (auto refused = not_this_workload()) {
      return *std::move(refused);
    }
    list_ = listed_strategies(policy_.spec, workload_.ref);
    if (policy_.ceiling && policy_.ceiling->narrowed_strategies) {
      note_ = fmt::format("by the list of {}, which does not allow all strategies of {}", policy_.ceiling->reference,
                          policy_.reference);
    }
    if (auto refused = apply_annotation()) {
      return *std::move(refused);
    }
    if (!named_) {
      apply_state();
    }
    if (auto refused = drop_unfit()) {
      return *std::move(refused);
    }
    return next();
  }

 private:
  [[nodiscard]] std::optional<Choice> not_this_workload() const {
    if (default_strategies(workload_.ref).empty()) {
      return refusal(check::kNoStrategy, no_strategy_reason(workload_.ref));
    }
    if (workload_.mirror) {
      return refusal(check::kMirrorPod,
                     fmt::format("{} is the mirror of a static pod: its node's kubelet would make it "
                                 "again from its file",
                                 workload_.ref.to_string()));
    }
    if (!workload_.controller.empty()) {
      return refusal(check::kPodHasController,
                     fmt::format("{} says that {} controls it, which is not so: neither of the two is touched",
                                 workload_.ref.to_string(), workload_.controller));
    }
    return std::nullopt;
  }

  std::optional<Choice> apply_annotation() {
    const auto found = workload_.annotations.find(kAnnotation);
    if (found == workload_.annotations.end()) {
      return std::nullopt;
    }
    const std::string works = strategies_for(workload_.ref.kind);
    const auto strategy = parse_strategy(found->second);
    if (!strategy || *strategy == Strategy::kNone) {
      return refusal(check::kBadStrategy,
                     fmt::format(R"(its annotation {} is "{}", which is no strategy: write {}, or remove it)",
                                 kAnnotation, sanitize(found->second, 80), works));
    }
    if (!fits(*strategy, workload_.ref)) {
      return refusal(check::kBadStrategy,
                     fmt::format("its annotation {} is {}, which works on {}, not on a {}: write {}, or remove it",
                                 kAnnotation, to_string(*strategy), kinds_for(*strategy), workload_.ref.kind, works));
    }
    const auto* reverted = last_reverted();
    if (reverted != nullptr && !changes_nothing_lasting(*strategy)) {
      return refusal(check::kReverted,
                     fmt::format("its annotation {} is {}, but {} was taken back by somebody (GitOps?), and this would "
                                 "be, too: write a strategy that changes nothing lasting, such as EvictPods",
                                 kAnnotation, to_string(*strategy), reverted->name));
    }
    const auto listed = std::ranges::find(list_, *strategy, &ListedStrategy::type);
    list_ = {listed == list_.end() ? ListedStrategy{*strategy, {}} : *listed};
    note_ = fmt::format("as its annotation {} asks for", kAnnotation);
    named_ = true;
    return std::nullopt;
  }

  /// What the workload's state and past say against the list, and for an eviction.
  void apply_state() {
    if (const auto* reverted = last_reverted(); reverted != nullptr) {
      std::erase_if(list_, [](const ListedStrategy& listed) { return !changes_nothing_lasting(listed.type); });
      if (list_.empty() && fits(Strategy::kEvictPods, workload_.ref)) {
        list_.push_back({Strategy::kEvictPods, {}});
      }
      note_ = fmt::format("as {} was taken back by somebody (GitOps?): only what changes nothing lasting is used",
                          reverted->name);
    } else if (workload_.on_delete && has(Strategy::kRolloutRestart)) {
      const auto rollout = std::ranges::find(list_, Strategy::kRolloutRestart, &ListedStrategy::type);
      if (has(Strategy::kEvictPods)) {
        list_.erase(rollout);
      } else {
        rollout->type = Strategy::kEvictPods;
      }
      note_ = "as with updateStrategy OnDelete a rollout would replace no pod";
    }
    if (!list_.empty() && list_.front().type != Strategy::kEvictPods && may_be_gentle()) {
      std::erase_if(list_, [](const ListedStrategy& listed) { return listed.type == Strategy::kEvictPods; });
      list_.insert(list_.begin(), {Strategy::kEvictPods, {}});
      note_ = fmt::format("gently, as {} of {} replicas {} affected (policy: gentle.maxAffectedPercent {})",
                          facts_.pods.size(), workload_.replicas, facts_.pods.size() == 1 ? "is" : "are",
                          policy_.spec.gentle.max_affected_percent);
    }
  }

  [[nodiscard]] bool may_be_gentle() const {
    const auto share = static_cast<std::int64_t>(facts_.pods.size()) * 100;
    return workload_.replicas > 1 && share <= workload_.replicas * policy_.spec.gentle.max_affected_percent &&
           !facts_.pods.empty() && fits(Strategy::kEvictPods, workload_.ref) && hits_single_pods(facts_.diagnosis) &&
           !workload_.paused && !workload_.stuck && failed(Strategy::kEvictPods) == 0;
  }

  /// An unfit one is looked at again after a while: what did not suit then may have been changed.
  std::optional<Choice> drop_unfit() {
    std::optional<Time> again;
    std::string names;
    std::erase_if(list_, [&](const ListedStrategy& listed) {
      const PastRestart* unfit = last_unfit(listed.type);
      if (unfit == nullptr) {
        return false;
      }
      const Time until = ended(*unfit) + policy_.spec.breaker.open_for;
      again = std::min(again.value_or(until), until);
      names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", to_string(listed.type), unfit->name);
      return true;
    });
    if (!list_.empty() || names.empty()) {
      unfit_ = std::move(names);
      return std::nullopt;
    }
    Choice choice = refusal(check::kStrategiesUnfit,
                            fmt::format("no strategy that may be used suits it: {} said why; looked at again {}", names,
                                        when(*again, now_)));
    choice.not_before = again;
    return choice;
  }

  [[nodiscard]] Choice next() const {
    if (list_.empty()) {
      return refusal(check::kNoStrategy, no_strategy_reason(workload_.ref));
    }
    const auto turn =
        std::ranges::min_element(list_, {}, [this](const ListedStrategy& listed) { return failed(listed.type); });
    Choice choice{turn->type, turn->options, {}, {}, {}, list_.size()};
    // A gentle eviction that did not cure is one try before the list, not one of its tries.
    if (!has(Strategy::kEvictPods) && !named_ && failed(Strategy::kEvictPods) > 0) {
      ++choice.length;
    }
    std::string why = note_;
    if (!unfit_.empty()) {
      why += fmt::format("{}, and not {}, which did not suit it", note_.empty() ? "now" : "", unfit_);
    }
    if (!failures_.empty() && !failures_.front()->reverted) {
      why += fmt::format("{}after {} by {} did not help", why.empty() ? "" : ", ", failures_.front()->name,
                         to_string(failures_.front()->strategy));
    }
    if (!why.empty()) {
      choice.why = fmt::format("{} {}", to_string(choice.strategy), why);
    }
    return choice;
  }

  [[nodiscard]] bool has(Strategy strategy) const {
    return std::ranges::find(list_, strategy, &ListedStrategy::type) != list_.end();
  }
  [[nodiscard]] std::ptrdiff_t failed(Strategy strategy) const {
    return std::ranges::count(failures_, strategy, [](const PastRestart* restart) { return restart->strategy; });
  }
  /// Also when a later one cured: who took one back will take back the next.
  [[nodiscard]] const PastRestart* last_reverted() const {
    return last([](const PastRestart& restart) { return restart.reverted; });
  }
  [[nodiscard]] const PastRestart* last_unfit(Strategy strategy) const {
    return last([&](const PastRestart& restart) {
      return restart.unfit && restart.strategy == strategy && now_ < ended(restart) + policy_.spec.breaker.open_for;
    });
  }
  template <class Is>
  [[nodiscard]] const PastRestart* last(const Is& is) const {
    const PastRestart* found = nullptr;
    for (const PastRestart* restart : own_) {
      if (is(*restart) && (found == nullptr || ended(*restart) > ended(*found))) {
        found = restart;
      }
    }
    return found;
  }

  const Effective& policy_;
  const WorkloadFacts& workload_;
  const CaseFacts& facts_;
  std::vector<const PastRestart*> own_;
  std::vector<const PastRestart*> failures_;
  Time now_;
  std::vector<ListedStrategy> list_;
  std::string note_;   ///< why the list is as it is
  std::string unfit_;  ///< what was left out
  bool named_ = false;
};

}  // namespace

Choice choose_strategy(const Effective& policy, const WorkloadFacts& workload, const CaseFacts& facts,
                       std::span<const PastRestart> restarts, Time now) {
  return Chooser(policy, workload, facts, restarts, now).choose();
}

}  // namespace remint::policy
