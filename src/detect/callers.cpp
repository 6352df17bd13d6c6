#include "callers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "evidence.hpp"
#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

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

Callers::Taken Callers::rejected(const AuditBatch& batch, const AuditRecord& record) {
  const Key key{*record.source, record.agent, record.shape};
  auto found = callers_.find(key);
  if (found == callers_.end()) {
    const bool stranger = residents_.with_agent(key.address, fold(key.agent)).empty();
    Count& here = at_address_[key.address];
    if (callers_.size() >= kMaxCallers || here.all >= kMaxPerAddress || (stranger && here.strangers >= kMaxStrangers)) {
      if (here.all == 0) at_address_.erase(key.address);
      return Taken::kFull;
    }
    ++here.all;
    here.strangers += stranger ? 1U : 0U;
    found = callers_.try_emplace(key).first;
    found->second.stranger = stranger;
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

void Callers::take_out(const UnownedRequest& request) {
  const auto found = callers_.find({request.address, request.agent, request.shape});
  if (found != callers_.end() && found->second.run.take_out(request.window)) {
    unjudged_.insert(found->first);
  }
}

bool Callers::put_back(const UnownedRequest& request) {
  const auto found = callers_.find({request.address, request.agent, request.shape});
  if (found == callers_.end()) {
    return false;
  }
  found->second.run.add(request.window.received);
  found->second.run.add_window(request.window);
  found->second.run.add_note(request.note);
  unjudged_.insert(found->first);
  return true;
}

void Callers::log_changed(std::string_view node, const std::vector<IpAddress>& addresses) {
  for (const auto& [address, count] : at_address_) {
    const bool there = std::ranges::find(addresses, address) != addresses.end() ||
                       (!node.empty() && from_.inventory.node_at(address) == node);
    for (auto it = there ? callers_.lower_bound({address, 0, 0}) : callers_.end();
         it != callers_.end() && it->first.address == address; ++it) {
      unjudged_.insert(it->first);
    }
  }
}

void Callers::gone(std::string_view pod_uid, Time at) {
  for (auto& [key, caller] : callers_) {
    // First when it begins to terminate, and once more when it has ended: meanwhile it calls on.
    if (caller.left == pod_uid || (caller.confidence >= kSure && caller.sole_pod == pod_uid)) {
      caller.left = pod_uid;
      caller.run.succeeded(at);
      unjudged_.insert(key);
    }
  }
}

void Callers::listening_since(Time since) {
  listening_since_ = since;
  for (const auto& [key, caller] : callers_) {
    unjudged_.insert(key);
  }
}

void Callers::accuse(Entry& entry, Verdict verdict, std::set<std::string>& changed) {
  auto& [key, caller] = entry;
  for (const std::string& uid : {caller.accused, verdict.workload_uid}) {
    if (!uid.empty()) changed.insert(uid);
  }
  if (caller.accused != verdict.workload_uid) {
    if (const auto found = by_workload_.find(caller.accused); found != by_workload_.end()) {
      found->second.erase(key);
      if (found->second.empty()) by_workload_.erase(found);
    }
    if (!verdict.workload_uid.empty()) by_workload_[verdict.workload_uid].insert(key);
    caller.accused = std::move(verdict.workload_uid);
  }
  if (verdict.confidence >= kSure) {
    convict({fold(key.agent), fold(key.shape)}, caller);
  }
  caller.confidence = verdict.confidence;
  caller.sole_pod = verdict.pods.size() == 1 ? verdict.pods.front().uid : "";
}

/// Remembered by when it was judged: event times are others' clocks, and one that is a year ahead would never be
/// forgotten.
void Callers::convict(Manner manner, const Caller& caller) {
  const auto found = convictions_.find(manner);
  if (found == convictions_.end() && convictions_.size() >= kMaxCallers) {
    return;  // shapes can be made up
  }
  convictions_[manner][caller.accused] = caller.judged;
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
    accuse(*found, verdict_on(found->first, caller), changed);
    it = unjudged_.erase(it);
  }
}

void Callers::forget(Time before, std::set<std::string>& changed) {
  for (auto& [manner, workloads] : convictions_) {
    std::erase_if(workloads, [before](const auto& conviction) { return conviction.second < before; });
  }
  std::erase_if(convictions_, [](const auto& entry) { return entry.second.empty(); });
  for (auto it = callers_.begin(); it != callers_.end();) {
    if (!it->second.run.empty() && it->second.run.last() >= before) {
      ++it;
      continue;
    }
    accuse(*it, {}, changed);
    const auto here = at_address_.find(it->first.address);
    here->second.strangers -= it->second.stranger ? 1U : 0U;
    if (--here->second.all == 0) at_address_.erase(here);
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
      accusation.agent = caller.agent;
      accusation.confidence = verdict.confidence;
      accusation.others = verdict.others;
      accusation.reasons = verdict.reasons;
      accusation.suspects = verdict.suspects;
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
