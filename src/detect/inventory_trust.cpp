// What the pods' tokens and connections hang on, and since when it is another.
#include <algorithm>
#include <ranges>

#include "inventory_impl.hpp"

namespace remint::detect {
namespace {

constexpr Duration kObjectError = std::chrono::seconds(1);  // objects' times are whole seconds
constexpr Duration kOneReplacement = std::chrono::hours(1);

}  // namespace

const TokenSecretRecord* Inventory::Impl::secret_made_anew(std::string_view ns, std::string_view names,
                                                           Time pod_created) const {
  // A legacy token has no time in it, only the names and the ServiceAccount's UID. RSA signs equal things equally.
  const auto holds_the_same = [&](const TokenSecretRecord& secret) {
    const auto* account = tokens_repeat ? accounts.find(secret.account_uid) : nullptr;
    return account != nullptr && account->created <= pod_created + kObjectError;
  };
  const TokenSecretRecord* newest = nullptr;
  for (const auto name : std::views::split(names, '\n')) {
    const auto* secret = name.empty() ? nullptr : secrets.find(ns, std::string_view(name));
    if (secret == nullptr || secret->created <= pod_created + kObjectError || holds_the_same(*secret)) continue;
    if (newest == nullptr || newest->created < secret->created) newest = secret;
  }
  return newest;
}

void Inventory::set_tokens_repeat(bool repeat) { impl_->tokens_repeat = repeat; }

void Inventory::apply(TrustChange change) {
  auto& changes = impl_->trust_changes;
  const auto known = std::ranges::find(changes, change.diagnosis, &TrustChange::diagnosis);
  if (known == changes.end()) {
    changes.push_back(std::move(change));
  } else if (change.until > known->until) {
    change.from = change.from - known->until < kOneReplacement ? std::min(change.from, known->from) : change.from;
    *known = std::move(change);
  }
}

const std::vector<TrustChange>& Inventory::trust_changes() const { return impl_->trust_changes; }

std::optional<TrustChange> Inventory::change_since_start(std::string_view pod_uid) const {
  const auto slot = impl_->pods.find(pod_uid);
  if (!slot) {
    return std::nullopt;
  }
  const PackedPod& pod = impl_->pods.at(*slot);
  const TrustChange* newest = nullptr;
  for (const TrustChange& change : impl_->trust_changes) {
    if (pod.created < change.until && (newest == nullptr || newest->until < change.until)) {
      newest = &change;
    }
  }
  const auto* account = impl_->accounts.find(impl_->pods.text(pod.ns), impl_->pods.text(pod.service_account));
  if (account != nullptr && account->created > pod.created + kObjectError &&
      (newest == nullptr || newest->until < account->created)) {
    return TrustChange{Diagnosis::kServiceAccountRecreated, account->created, account->created,
                       "ServiceAccount " + account->ns + "/" + account->name + " was made anew"};
  }
  const auto* secret = impl_->secret_made_anew(impl_->pods.text(pod.ns), impl_->pods.text(pod.secrets), pod.created);
  if (secret != nullptr && (newest == nullptr || newest->until < secret->created)) {
    return TrustChange{Diagnosis::kSecretRegenerated, secret->created, secret->created,
                       "Secret " + secret->ns + "/" + secret->name + " was made anew"};
  }
  return newest == nullptr ? std::nullopt : std::optional(*newest);
}

const TokenSecretRecord* Inventory::secret_made_anew(const PodRecord& pod) const {
  return impl_->secret_made_anew(pod.ns, pod.secrets, pod.created);
}

}  // namespace remint::detect
