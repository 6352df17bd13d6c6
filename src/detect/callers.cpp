#include "callers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "diagnose.hpp"
#include "evidence.hpp"
#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

constexpr double kSure = 0.9;
// A flood from one caller is judged once a second, its first requests at once.
constexpr Duration kJudgeEvery = std::chrono::seconds(1);
constexpr std::uint64_t kFirstOnes = 5;
constexpr std::size_t kMaxAgent = 120;
constexpr std::size_t kMaxRequest = 160;

std::string request_text(const AuditBatch& batch, const AuditRecord& record) {
  const std::string_view resource = batch.text(record.resource);
  const std::string_view ns = batch.text(record.ns);
  if (resource.empty()) {
    const std::string_view uri = batch.text(record.uri);
    return sanitize(uri.substr(0, uri.find('?')), kMaxRequest);
  }
  return sanitize(ns.empty() ? fmt::format("{} of the cluster", resource) : fmt::format("{} in {}", resource, ns),
                  kMaxRequest);
}

}  // namespace

void Callers::settle(const IpAddress& address, std::string_view pod_uid) {
  auto& pods = residents_[address];
  if (pods.size() < kMaxResidents) {
    pods.emplace(pod_uid);
  }
}

void Callers::leave(const PodState& state, std::string_view pod_uid) {
  for (const IpAddress& address : state.shared_addresses) {
    const auto found = residents_.find(address);
    if (found == residents_.end()) {
      continue;
    }
    if (const auto pod = found->second.find(pod_uid); pod != found->second.end()) {
      found->second.erase(pod);
    }
    if (found->second.empty()) {
      residents_.erase(found);
    }
  }
}

Callers::Taken Callers::rejected(const AuditBatch& batch, const AuditRecord& record) {
  const Key key{*record.source, record.agent, record.shape};
  auto found = callers_.find(key);
  if (found == callers_.end()) {
    std::size_t& here = at_address_[key.address];
    if (callers_.size() >= kMaxCallers || here >= kMaxPerAddress) {
      if (here == 0) at_address_.erase(key.address);
      return Taken::kFull;
    }
    ++here;
    found = callers_.try_emplace(key).first;
    found->second.agent = sanitize(batch.text(record.user_agent), kMaxAgent);
    found->second.request = request_text(batch, record);
    found->second.ns = batch.text(record.ns);
  }
  Caller& caller = found->second;
  caller.run.add(record.received);
  caller.run.add_window({record.received, record.staged, std::string(batch.text(record.audit_id))});
  if (caller.run.wants_note(record.received)) {
    caller.run.add_note(rejection_note(batch, record, ""));
  }
  unjudged_.insert(key);
  return caller.confidence >= kSure ? Taken::kAttributed : Taken::kUnattributed;
}

void Callers::gone(std::string_view pod_uid, Time at) {
  for (auto& [key, caller] : callers_) {
    if (caller.confidence < kSure) {
      continue;
    }
    const Verdict verdict = verdict_on(key, caller);
    const bool its_own = verdict.confidence >= kSure && verdict.pods.size() == 1 && verdict.pods[0].uid == pod_uid;
    if (its_own) {
      caller.run.succeeded(at);
      unjudged_.insert(key);
    }
  }
}

/// The pods that could call from there: all that were heard from it, and all on the node whose it is.
std::vector<std::string_view> Callers::around(const IpAddress& address) const {
  std::vector<std::string_view> uids;
  if (const auto found = residents_.find(address); found != residents_.end()) {
    uids.assign(found->second.begin(), found->second.end());
  }
  const std::size_t heard = uids.size();
  for (const std::string_view uid : from_.inventory.pods_on(from_.inventory.node_at(address))) {
    if (!std::binary_search(uids.begin(), uids.begin() + static_cast<std::ptrdiff_t>(heard), uid)) {
      uids.push_back(uid);
    }
  }
  return uids;
}

std::string Callers::place_of(const IpAddress& address, std::size_t pods_around) const {
  if (const std::string_view node = from_.inventory.node_at(address); !node.empty()) {
    return fmt::format("the address of node {}, on which {} pods run", node, pods_around);
  }
  const auto found = residents_.find(address);
  return fmt::format("no pod's own: {} pods were heard from there",
                     found == residents_.end() ? 0 : found->second.size());
}

bool Callers::convicted(std::string_view workload_uid, const Key& key) const {
  const auto found = by_workload_.find(workload_uid);
  return found != by_workload_.end() && std::ranges::any_of(found->second, [&](const Key& other) {
           return other != key && other.address == key.address && callers_.at(other).confidence >= kSure;
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

Candidate Callers::candidate_of(std::string_view uid, const std::optional<PodView>& view) {
  Candidate candidate;
  candidate.uid = uid;
  candidate.name = view ? view->pod.name : "that is gone";
  candidate.workload = view ? view->workload : ObjectRef{"v1", "Pod", "", candidate.name, candidate.uid};
  candidate.alive = view && !view->pod.deleting && !view->pod.finished;
  return candidate;
}

Verdict Callers::verdict_on(const Key& key, const Caller& caller) const {
  if (caller.run.empty()) {
    return {};
  }
  const auto& times = caller.run.times();
  const std::string_view program = program_of(caller.agent);
  const std::string account = named_account(caller);
  const auto is_named = [&](const PodView& view) { return account == view.pod.ns + "/" + view.pod.service_account; };
  const auto uids = around(key.address);
  std::vector<Candidate> candidates;
  std::vector<std::string_view> silent;  // never heard
  std::size_t others = 0;                // heard, and never with that agent
  for (const std::string_view uid : uids) {
    const auto known = from_.pods.find(uid);
    const PodState* const state = known == from_.pods.end() ? nullptr : &known->second;
    if (state == nullptr || state->habits.empty()) {
      silent.push_back(uid);
      continue;
    }
    const Resemblance seen = resemblance(state->habits, fold(key.address), fold(key.agent), fold(key.shape));
    if (seen.match == Resemblance::Match::kNone) {
      ++others;
      continue;
    }
    const auto view = from_.inventory.pod(uid);
    Candidate candidate = candidate_of(uid, view);
    Signs& signs = candidate.signs;
    signs.history = true;
    signs.seen = seen;
    const auto first = std::ranges::upper_bound(times, std::max(seen.last, view ? view->pod.created : Time::min()));
    const auto last = std::upper_bound(first, times.end(), state->gone);
    signs.explained = static_cast<double>(last - first) / static_cast<double>(times.size());
    signs.silent = times.back() - seen.last;
    const bool from_the_first = first == times.begin() && caller.run.count() == times.size();
    if (from_the_first && first != last) {
      signs.pause = *first - seen.ended;
    }
    signs.known_to_fail = convicted(candidate.workload.uid, key);
    if (view) {
      signs.doomed = reason_to_die(*view, *state, times.back(), from_.inventory, from_.settings).has_value();
      signs.named = !account.empty() && is_named(*view);
      signs.excluded_by_name = !account.empty() && !signs.named;
    }
    candidates.push_back(std::move(candidate));
  }
  const bool heard = std::ranges::any_of(candidates, [](const Candidate& c) { return c.signs.explained > 0; });
  if (!heard) {
    // Nobody known calls like this; then what they are called is the only clue, and never enough.
    for (const std::string_view uid : silent) {
      const auto view = from_.inventory.pod(uid);
      if (!view || view->pod.created >= times.front()) {
        continue;
      }
      Candidate candidate = candidate_of(uid, view);
      candidate.signs.own_namespace = !caller.ns.empty() && view->pod.ns == caller.ns;
      candidate.signs.hinted =
          !program.empty() && (view->pod.programs.contains(program) || view->workload.name.contains(program));
      candidate.signs.excluded_by_name = !account.empty() && !is_named(*view);
      candidates.push_back(std::move(candidate));
    }
    silent.clear();
  }
  const CallerFacts facts{key.address.to_string(), place_of(key.address, uids.size()), caller.agent, caller.request};
  return judge(facts, candidates, weight_of_the_rest(others, silent.size()));
}

void Callers::accuse(Entry& entry, std::string workload_uid, double confidence, std::set<std::string>& changed) {
  auto& [key, caller] = entry;
  for (const std::string& uid : {caller.accused, workload_uid}) {
    if (!uid.empty()) changed.insert(uid);
  }
  if (caller.accused != workload_uid) {
    if (const auto found = by_workload_.find(caller.accused); found != by_workload_.end()) {
      found->second.erase(key);
      if (found->second.empty()) by_workload_.erase(found);
    }
    if (!workload_uid.empty()) by_workload_[workload_uid].insert(key);
    caller.accused = std::move(workload_uid);
  }
  caller.confidence = confidence;
}

void Callers::judge_changed(Time now, std::set<std::string>& changed) {
  for (auto it = unjudged_.begin(); it != unjudged_.end();) {
    const auto found = callers_.find(*it);
    if (found == callers_.end()) {
      it = unjudged_.erase(it);
      continue;
    }
    Caller& caller = found->second;
    if (caller.run.count() > kFirstOnes && now - caller.judged < kJudgeEvery) {
      ++it;
      continue;
    }
    caller.judged = now;
    Verdict verdict = verdict_on(found->first, caller);
    accuse(*found, std::move(verdict.workload_uid), verdict.confidence, changed);
    it = unjudged_.erase(it);
  }
}

void Callers::forget(Time before, std::set<std::string>& changed) {
  for (auto it = callers_.begin(); it != callers_.end();) {
    if (!it->second.run.empty() && it->second.run.last() >= before) {
      ++it;
      continue;
    }
    accuse(*it, "", 0, changed);
    const auto here = at_address_.find(it->first.address);
    if (--here->second == 0) at_address_.erase(here);
    unjudged_.erase(it->first);
    it = callers_.erase(it);
  }
}

std::vector<SharedAccusation> Callers::accusations_of(std::string_view workload_uid) const {
  std::vector<SharedAccusation> accusations;
  const auto found = by_workload_.find(workload_uid);
  if (found == by_workload_.end()) {
    return accusations;
  }
  for (const Key& key : found->second) {
    const Caller& caller = callers_.at(key);
    Verdict verdict = verdict_on(key, caller);
    if (verdict.workload_uid != workload_uid) {
      continue;
    }
    for (const Verdict::Blamed& pod : verdict.pods) {
      const auto& times = caller.run.times();
      SharedAccusation accusation;
      accusation.pod_uid = pod.uid;
      accusation.address = key.address;
      accusation.rejections.assign(std::ranges::upper_bound(times, pod.last_success), times.end());
      for (const Evidence& note : caller.run.notes()) {
        if (note.time > pod.last_success) accusation.notes.push_back(note);
      }
      for (const RequestWindow& window : caller.run.windows()) {
        if (window.received > pod.last_success) accusation.windows.push_back(window);
      }
      accusation.confidence = verdict.confidence;
      accusation.others = verdict.others;
      accusation.reasons = verdict.reasons;
      if (!accusation.rejections.empty()) accusations.push_back(std::move(accusation));
    }
  }
  return accusations;
}

std::vector<std::string> Callers::accused() const {
  std::vector<std::string> uids;
  for (const auto& [uid, keys] : by_workload_) {
    uids.push_back(uid);
  }
  return uids;
}

}  // namespace remint::detect
