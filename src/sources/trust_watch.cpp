#include "remint/sources/trust_watch.hpp"

#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "remint/base/log.hpp"
#include "remint/kube/resources.hpp"

namespace remint::sources {
namespace {

constexpr const char* kKey = "trust";

Result<std::string> value_of(std::string_view config_map, std::string_view key) {
  const auto json = parse_json(config_map);
  if (!json) return std::unexpected(json.error());
  FieldErrors errors;
  auto value = JsonReader(*json, errors).at("data").at(key).string();
  if (!errors.empty()) return fail(ErrorCode::kInvalid, join(errors));
  return value;
}

/// A change lies between two looks: the next leader has to know the last one well enough.
constexpr Duration kSeenAgain = std::chrono::hours(1);

bool worth_a_write(const TrustState& now, const TrustState& saved) {
  return now.signing_keys.ids != saved.signing_keys.ids || now.tokens_repeat != saved.tokens_repeat ||
         now.ca.ids != saved.ca.ids || now.changes != saved.changes ||
         now.signing_keys.seen - saved.signing_keys.seen >= kSeenAgain || now.ca.seen - saved.ca.seen >= kSeenAgain;
}

}  // namespace

TrustWatch::Watched TrustWatch::watched(metrics::Registry& metrics, const char* what) {
  return {metrics.counter("remint_trust_changes_total", "Times that what tokens or connections hang on was replaced.",
                          {{"what", what}}),
          metrics.gauge("remint_trust_readable", "1 while it can be read.", {{"what", what}})};
}

TrustWatch::TrustWatch(kube::Client& client, TrustWatchSettings settings, const Clock& clock,
                       metrics::Registry& metrics, TrustWatchHooks hooks)
    : client_(client),
      settings_(std::move(settings)),
      clock_(clock),
      hooks_(std::move(hooks)),
      keys_(watched(metrics, "signing_keys")),
      ca_(watched(metrics, "ca")) {}

TrustWatch::~TrustWatch() { stop(); }

void TrustWatch::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    // Leadership is won within seconds of the start, as a rule: the first look comes soon, the others by the clock.
    while (sleep_for(
        restored_ ? settings_.look_every : std::min<Duration>(settings_.look_every, std::chrono::seconds(1)), stop)) {
      look(stop);
    }
  });
}

void TrustWatch::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void TrustWatch::look(const std::stop_token& stop) {
  if (!hooks_.may_act() || (!restored_ && !restore(stop))) return;
  const Time now = clock_.now();
  if (const auto keys = signing_keys(stop); readable(keys_, "signing keys", keys)) {
    const auto change = note_signing_keys(state_, *keys, now);
    hooks_.tokens_repeat(state_.tokens_repeat);
    tell(keys_, change);
  }
  if (const auto ids = certificates(stop); readable(ca_, "CA", ids)) tell(ca_, note_ca(state_, *ids, now));
  if (kept_ && worth_a_write(state_, saved_)) save(stop);
}

bool TrustWatch::restore(const std::stop_token& stop) {
  const auto stored = client_.get(kube::kConfigMaps, settings_.memory, stop);
  if (!stored) {
    kept_ = stored.error().code != ErrorCode::kNotFound && stored.error().code != ErrorCode::kForbidden;
    restored_ = !kept_;
    if (!kept_) {
      log::info("Changes of keys and CA are noticed while this replica leads only: they are not kept for the next one",
                {{"configmap", settings_.memory.to_string()}, {"error", stored.error()}});
    }
    return restored_;
  }
  restored_ = true;
  const auto text = value_of(*stored, kKey);
  if (text && text->empty()) return true;
  auto state = text ? read_trust(*text, clock_.now()) : Result<TrustState>(std::unexpected(text.error()));
  if (!state) {
    log::warn("What an earlier leader knew of keys and CA is of no use, beginning anew", {{"error", state.error()}});
    return true;
  }
  state_ = saved_ = std::move(*state);
  hooks_.tokens_repeat(state_.tokens_repeat);
  for (const auto& change : state_.changes) hooks_.changed(change);
  return true;
}

Result<SigningKeys> TrustWatch::signing_keys(const std::stop_token& stop) {
  const auto jwks = client_.get_path("/openid/v1/jwks", stop);
  if (!jwks) return std::unexpected(jwks.error());
  return signing_keys_of(*jwks);
}

Result<std::vector<std::string>> TrustWatch::certificates(const std::stop_token& stop) {
  const auto stored = client_.get(kube::kConfigMaps, {settings_.own_namespace, "kube-root-ca.crt"}, stop);
  if (!stored) return std::unexpected(stored.error());
  const auto pem = value_of(*stored, "ca.crt");
  if (!pem) return std::unexpected(pem.error());
  return certificates_of(*pem);
}

template <class T>
bool TrustWatch::readable(Watched& watched, const char* what, const Result<T>& ids) {
  watched.readable.set(ids ? 1 : 0);
  const std::string problem = ids ? "" : ids.error().message;
  if (problem != watched.problem && !problem.empty() && ids.error().code != ErrorCode::kCancelled) {
    log::warn("Cannot see whether it was replaced", {{"what", what}, {"error", ids.error()}});
  }
  watched.problem = problem;
  return ids.has_value();
}

void TrustWatch::tell(Watched& watched, std::optional<detect::TrustChange> change) {
  if (!change) return;
  watched.changes.add();
  log::warn("Trust has changed: who was started before and is not accepted any more is suspect",
            {{"diagnosis", to_string(change->diagnosis)}, {"what", change->what}});
  hooks_.changed(std::move(*change));
}

void TrustWatch::save(const std::stop_token& stop) {
  Json body;
  body["data"][kKey] = write_trust(state_);
  const auto stored =
      client_.patch(kube::kConfigMaps, settings_.memory, kube::PatchType::kMerge, dump_json(body), stop);
  if (stored) {
    saved_ = state_;
  } else if (stored.error().code != ErrorCode::kCancelled) {
    log::warn("What is known of keys and CA was not saved, trying again",
              {{"configmap", settings_.memory.to_string()}, {"error", stored.error()}});
  }
}

}  // namespace remint::sources
