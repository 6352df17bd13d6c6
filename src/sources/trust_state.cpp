#include "remint/sources/trust_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "remint/base/text.hpp"

namespace remint::sources {
namespace {

using detect::TrustChange;

constexpr std::size_t kMaxText = 1U << 20U;
constexpr std::size_t kMaxIds = 200;
constexpr std::size_t kMaxId = 200;
constexpr std::size_t kMaxWhat = 300;
constexpr std::size_t kMaxChanges = 8;
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

std::vector<std::string> sorted(std::vector<std::string> ids) {
  std::ranges::sort(ids);
  const auto [first, last] = std::ranges::unique(ids);
  ids.erase(first, last);
  return ids;
}

std::vector<std::string> missing(const std::vector<std::string>& in, const std::vector<std::string>& of) {
  std::vector<std::string> gone;
  std::ranges::set_difference(of, in, std::back_inserter(gone));
  return gone;
}

TrustChange change_of(Diagnosis diagnosis, const Trusted& before, Time now, std::string what) {
  return {diagnosis, before.seen, now, sanitize(what, kMaxWhat)};
}

void remember(TrustState& state, const TrustChange& change) {
  std::erase_if(state.changes, [&](const TrustChange& one) { return one.diagnosis == change.diagnosis; });
  state.changes.push_back(change);
}

Json to_json(const Trusted& trusted) { return {{"ids", trusted.ids}, {"seen", format_rfc3339(trusted.seen)}}; }

Trusted read_trusted(const JsonReader& reader) {
  Trusted trusted;
  trusted.ids = sorted(reader.at("ids").strings());
  if (trusted.ids.size() > kMaxIds) reader.error(fmt::format("at most {} ids", kMaxIds));
  trusted.seen = reader.at("seen").time().value_or(Time{});
  return trusted;
}

}  // namespace

Result<SigningKeys> signing_keys_of(std::string_view jwks) {
  const auto json = parse_json(jwks, kMaxText);
  if (!json) return fail_in(json.error(), "the served JWKS");
  FieldErrors errors;
  std::vector<std::string> ids;
  std::size_t keys = 0, repeating = 0;
  for (const auto& key : JsonReader(*json, errors).at("keys").items()) {
    ++keys;
    // RS256 and its like; PS256 is of RSA keys, too, and puts a random number into each signature.
    if (key.at("kty").string() == "RSA" && key.at("alg").string().starts_with("RS")) ++repeating;
    std::string id = key.at("kid").string();
    if (!id.empty() && id.size() <= kMaxId && ids.size() < kMaxIds) ids.push_back(std::move(id));
  }
  if (!errors.empty()) return fail(ErrorCode::kInvalid, "the served JWKS: " + join(errors));
  if (ids.empty()) return fail(ErrorCode::kInvalid, "the served JWKS names no key");
  return SigningKeys{sorted(std::move(ids)), keys == 1 && repeating == 1};
}

Result<std::vector<std::string>> certificates_of(std::string_view pem) {
  std::vector<std::string> ids;
  for (auto begin = pem.find(kBegin); begin != std::string_view::npos && ids.size() < kMaxIds;
       begin = pem.find(kBegin, begin + 1)) {
    const auto end = pem.find(kEnd, begin);
    if (end == std::string_view::npos) break;
    std::string body;
    std::ranges::copy_if(pem.substr(begin, end - begin), std::back_inserter(body),
                         [](char c) { return c != '\r' && c != '\n' && c != ' ' && c != '\t'; });
    ids.push_back(sha256_hex(body, 8));
  }
  if (ids.empty()) return fail(ErrorCode::kInvalid, "the CA bundle holds no certificate");
  return sorted(std::move(ids));
}

std::optional<TrustChange> note_signing_keys(TrustState& state, SigningKeys keys, Time now) {
  const auto gone = missing(keys.ids, state.signing_keys.ids);
  std::optional<TrustChange> change;
  if (!gone.empty()) {
    const std::string more = gone.size() == 1 ? "" : fmt::format(" and {} more", gone.size() - 1);
    change = change_of(Diagnosis::kSigningKeyChanged, state.signing_keys, now,
                       fmt::format("the API server does not serve signing key {}{} any more", gone.front(), more));
    remember(state, *change);
  }
  state.signing_keys = {std::move(keys.ids), now};
  state.tokens_repeat = keys.tokens_repeat;
  return change;
}

std::optional<TrustChange> note_ca(TrustState& state, std::vector<std::string> ids, Time now) {
  std::optional<TrustChange> change;
  if (!state.ca.ids.empty() && state.ca.ids != ids) {
    change =
        change_of(Diagnosis::kCaChanged, state.ca, now,
                  fmt::format("the cluster's CA bundle (kube-root-ca.crt) was replaced: {} certificates gone, {} new",
                              missing(ids, state.ca.ids).size(), missing(state.ca.ids, ids).size()));
    remember(state, *change);
  }
  state.ca = {std::move(ids), now};
  return change;
}

std::string write_trust(const TrustState& state) {
  Json json{{"signingKeys", to_json(state.signing_keys)},
            {"tokensRepeat", state.tokens_repeat},
            {"ca", to_json(state.ca)},
            {"changes", Json::array()}};
  for (const TrustChange& change : state.changes) {
    json["changes"].push_back({{"diagnosis", to_string(change.diagnosis)},
                               {"from", format_rfc3339(change.from)},
                               {"until", format_rfc3339(change.until)},
                               {"what", change.what}});
  }
  return dump_json(json);
}

Result<TrustState> read_trust(std::string_view text, Time now) {
  const auto json = parse_json(text, kMaxText);
  if (!json) return std::unexpected(json.error());
  FieldErrors errors;
  const JsonReader reader(*json, errors);
  TrustState state;
  state.signing_keys = read_trusted(reader.at("signingKeys"));
  state.tokens_repeat = reader.at("tokensRepeat").boolean(false);
  state.ca = read_trusted(reader.at("ca"));
  for (const auto& item : reader.at("changes").items()) {
    const auto diagnosis = parse_diagnosis(item.at("diagnosis").string());
    const auto from = item.at("from").time();
    const auto until = item.at("until").time();
    const bool known = diagnosis == Diagnosis::kSigningKeyChanged || diagnosis == Diagnosis::kCaChanged;
    if (!known || !from || !until || *from > *until || *until > now || state.changes.size() == kMaxChanges) continue;
    remember(state, {*diagnosis, *from, *until, sanitize(item.at("what").string(), kMaxWhat)});
  }
  if (!errors.empty()) return fail(ErrorCode::kInvalid, join(errors));
  return state;
}

}  // namespace remint::sources
