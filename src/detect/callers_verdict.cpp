// Whose rejections they are: candidates for one caller, and what speaks for each.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "callers.hpp"
#include "diagnose.hpp"
#include "log_agreement.hpp"

namespace remint::detect {
namespace {

std::string account_of(const PodView& view) { return view.pod.ns + "/" + view.pod.service_account; }

/// Its own log names requests from there that were rejected.
bool joined_at(const PodState& state, const IpAddress& address) {
  return state.accusation && !state.accusation->joined.empty() && state.accusation->joined_from == address;
}

Candidate candidate_of(std::string_view uid, const std::optional<PodView>& view) {
  Candidate candidate;
  candidate.uid = uid;
  candidate.name = view ? view->pod.name : "that is gone";
  candidate.workload = view ? view->workload : ObjectRef{"v1", "Pod", "", candidate.name, candidate.uid};
  candidate.alive = view && !view->pod.deleting && !view->pod.finished;
  return candidate;
}

}  // namespace

/// All who could call from there with that agent: those who were accepted so, and those on the node whose address it
/// is.
Callers::Around Callers::look_around(const Key& key) const {
  Around around;
  around.heard = residents_.with_agent(key.address, fold(key.agent));
  around.others = residents_.count(key.address) - around.heard.size();
  const auto on_node = from_.inventory.pods_on(from_.inventory.node_at(key.address));
  for (const std::string_view uid : on_node) {
    const auto known = from_.pods.find(uid);
    if (known == from_.pods.end() || known->second.habits.empty()) {
      around.silent.push_back(uid);
    } else if (!known->second.habits.know(fold(key.agent))) {
      ++around.others;  // some of them for the second time: their weight is next to nothing
    } else {
      around.heard.push_back(&*known);
    }
  }
  std::ranges::sort(around.heard);
  const auto [first, last] = std::ranges::unique(around.heard);
  around.heard.erase(first, last);
  around.pods = std::max(on_node.size(), residents_.count(key.address));
  return around;
}

std::string Callers::place_of(const Key& key, const Around& around) const {
  const std::string_view node = from_.inventory.node_at(key.address);
  return node.empty() ? fmt::format("no pod's own: {} pods were heard from there", around.pods)
                      : fmt::format("the address of node {}, on which {} pods run", node, around.pods);
}

bool Callers::convicted(std::string_view workload_uid, const Key& key) const {
  const auto found = by_workload_.find(workload_uid);
  return found != by_workload_.end() && std::ranges::any_of(found->second, [&](const Key& other) {
           return other != key && other.address == key.address && callers_.at(other).confidence >= kSure;
         });
}

bool Callers::another_may_have_sent(const UnownedRequest& request, std::string_view workload_uid) const {
  const auto known = residents_.with_agent(request.address, fold(request.agent));
  return std::ranges::any_of(known, [&](const KnownPod* const pod) {
    const auto view = from_.inventory.pod(pod->first);
    if (!view || view->pod.deleting || view->pod.finished || view->workload.uid == workload_uid) {
      return false;
    }
    const auto seen = resemblance(pod->second.habits, fold(request.address), fold(request.agent), fold(request.shape));
    const bool silent = request.window.received - seen.last > seen.interval + seen.interval / 2;
    return seen.match == Resemblance::Match::kExact && (seen.heard < 2 || silent);
  });
}

std::string Callers::named_account(const Caller& caller) const {
  for (const RequestWindow& window : caller.run.windows()) {
    const auto join = from_.reasons.find(window.received, window.staged, window.audit_id);
    if (join.line == nullptr) {
      continue;
    }
    if (!join.line->service_account.empty()) {
      return join.line->service_account;
    }
    if (const auto* account = from_.inventory.service_account(join.line->service_account_uid)) {
      return account->ns + "/" + account->name;
    }
  }
  return {};
}

std::optional<Candidate> Callers::weigh_known(const Key& key, const Caller& caller, const KnownPod& pod,
                                              const std::string& account) const {
  const auto& [uid, state] = pod;
  const Resemblance seen = resemblance(state.habits, fold(key.address), fold(key.agent), fold(key.shape));
  if (seen.match == Resemblance::Match::kNone) {
    return std::nullopt;
  }
  const auto view = from_.inventory.pod(uid);
  Candidate candidate = candidate_of(uid, view);
  Signs& signs = candidate.signs;
  signs.history = true;
  signs.seen = seen;
  const auto& times = caller.run.times();
  const auto first = std::ranges::upper_bound(times, std::max(seen.last, view ? view->pod.created : Time::min()));
  const auto last = std::upper_bound(first, times.end(), state.gone);
  signs.explained = static_cast<double>(last - first) / static_cast<double>(times.size());
  signs.silent = times.back() - std::max(seen.last, listening_since_);
  const bool from_the_first = first == times.begin() && caller.run.count() == times.size();
  if (from_the_first && first != last) {
    signs.pause = *first - seen.ended;
  }
  signs.known_to_fail = convicted(candidate.workload.uid, key) || joined_at(state, key.address);
  signs.log = log_agreement(state, caller.run);
  if (view) {
    signs.doomed = reason_to_die(*view, state, seen.last, times.back(), from_.inventory, from_.settings).has_value();
    signs.named = !account.empty() && account == account_of(*view);
    signs.excluded_by_name = !account.empty() && !signs.named;
  }
  return candidate;
}

void Callers::weigh_heirs(const Key& key, const Caller& caller, const std::string& account,
                          std::vector<Candidate>& candidates) const {
  const auto found = convictions_.find({fold(key.agent), fold(key.shape)});
  if (found == convictions_.end()) {
    return;
  }
  const std::string_view node = from_.inventory.node_at(key.address);
  const auto& times = caller.run.times();
  for (const auto& [workload_uid, when] : found->second) {
    const std::size_t first = candidates.size();
    for (const std::string& uid : from_.inventory.live_pods(workload_uid)) {
      const auto known = from_.pods.find(uid);
      if (known != from_.pods.end() && known->second.habits.know(fold(key.agent))) {
        continue;
      }
      const auto view = from_.inventory.pod(uid);
      if (!node.empty() && view->pod.node != node) {
        continue;
      }
      Candidate candidate = candidate_of(uid, view);
      Signs& signs = candidate.signs;
      signs.seen.last = view->pod.created;  // what was rejected before is not its own
      signs.log = known == from_.pods.end() ? 1 : log_agreement(known->second, caller.run);
      signs.explained = static_cast<double>(times.end() - std::ranges::upper_bound(times, view->pod.created)) /
                        static_cast<double>(times.size());
      signs.named = !account.empty() && account == account_of(*view);
      signs.excluded_by_name = !account.empty() && !signs.named;
      candidates.push_back(std::move(candidate));
      if (candidates.size() - first == kMaxHeirs) {
        break;
      }
    }
    for (Candidate& heir : std::span(candidates).subspan(first)) {
      heir.signs.heirs = candidates.size() - first;
    }
  }
}

std::optional<Candidate> Callers::weigh_silent(const Caller& caller, std::string_view uid,
                                               const std::string& account) const {
  const auto view = from_.inventory.pod(uid);
  if (!view || view->pod.created >= caller.run.since()) {
    return std::nullopt;
  }
  const std::string_view program = program_of(caller.agent);
  Candidate candidate = candidate_of(uid, view);
  candidate.signs.own_namespace = !caller.ns.empty() && view->pod.ns == caller.ns;
  candidate.signs.hinted =
      !program.empty() && (view->pod.programs.contains(program) || view->workload.name.contains(program));
  candidate.signs.excluded_by_name = !account.empty() && account != account_of(*view);
  const auto known = from_.pods.find(uid);
  candidate.signs.log = known == from_.pods.end() ? 1 : log_agreement(known->second, caller.run);
  return candidate;
}

Verdict Callers::verdict_on(const Key& key, const Caller& caller) const {
  if (caller.run.empty()) {
    return {};
  }
  const std::string account = named_account(caller);
  const Around around = look_around(key);
  std::vector<Candidate> candidates;
  std::size_t others = around.others;
  for (const KnownPod* const pod : around.heard) {
    if (auto candidate = weigh_known(key, caller, *pod, account)) {
      candidates.push_back(std::move(*candidate));
    } else {
      ++others;
    }
  }
  weigh_heirs(key, caller, account, candidates);
  std::size_t silent = around.silent.size();
  // When nobody known calls like this, what pods are called is the only clue, and never enough.
  if (std::ranges::none_of(candidates, [](const Candidate& c) { return c.signs.explained > 0; })) {
    silent = 0;
    for (const std::string_view uid : around.silent) {
      if (auto candidate = weigh_silent(caller, uid, account)) {
        candidates.push_back(std::move(*candidate));
      }
    }
  }
  const CallerFacts facts{key.address.to_string(), place_of(key, around), caller.agent, caller.request};
  return judge(facts, candidates, weight_of_the_rest(others, silent));
}

}  // namespace remint::detect
