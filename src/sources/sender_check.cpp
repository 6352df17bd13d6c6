#include "sender_check.hpp"

#include <algorithm>
#include <utility>

#include "remint/base/ip.hpp"
#include "remint/base/log.hpp"
#include "remint/base/text.hpp"

namespace remint::sources {
namespace {

constexpr std::size_t kMaxTokenBytes = 64U << 10U;
constexpr std::chrono::seconds kLookEvery{1};

/// Takes the same time wherever the texts differ: an answer's delay must not tell how much of a guess was right.
bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto from = text.find_first_not_of(kSpace);
  return from == std::string_view::npos ? std::string_view()
                                        : text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

/// What follows "Bearer "; empty when another scheme, or nothing, stands there.
std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kBearer = "bearer ";
  if (authorization.size() < kBearer.size()) return {};
  for (std::size_t i = 0; i < kBearer.size(); ++i) {
    const char c = authorization[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != kBearer[i]) return {};
  }
  return trim(authorization.substr(kBearer.size()));
}

}  // namespace

Result<std::unique_ptr<SenderCheck>> SenderCheck::create(const AuditWebhookSettings& settings, const Clock& clock) {
  if (!settings.demand_client_certificate && settings.token_file.empty() && !settings.no_authentication) {
    return fail(ErrorCode::kInvalid,
                "the audit endpoint would take events from anybody, and forged events restart workloads: "
                "give a client CA or a bearer token file");
  }
  std::unique_ptr<SenderCheck> check(new SenderCheck(settings, clock));
  if (!check->token_file_.empty()) {
    if (auto loaded = check->load_token(); !loaded) return std::unexpected(loaded.error());
  }
  return check;
}

bool SenderCheck::may_post(const http::Request& request) {
  if (certificate_suffices(request)) return true;
  if (!token_file_.empty()) {
    if (token_matches(bearer_token(request.authorization))) return true;
    if (!request.access_key.empty() && token_matches(trim(request.access_key))) return true;
  }
  if (!open_) return false;
  const auto peer = IpAddress::parse(request.peer_address);
  return peer && peer->is_loopback();
}

/// An authority that signs for others, too (a company's issuer) says who somebody is, and not what he may do here.
bool SenderCheck::certificate_suffices(const http::Request& request) {
  if (!certificates_ || !request.client_certificate_verified) return false;
  if (client_names_.empty() || std::ranges::find(client_names_, request.client_subject) != client_names_.end()) {
    return true;
  }
  const std::lock_guard lock(mutex_);
  if (!std::exchange(told_of_name_, true)) {
    log::warn("A client certificate of the right authority has none of the names that may post (--audit-client-name)",
              {{"name", sanitize(request.client_subject, 80)}, {"path", request.path}});
  }
  return false;
}

Result<void> SenderCheck::load_token() {
  stamp_ = stamp_file(token_file_);  // first: a change while we read is seen at the next look
  const auto content = read_file(token_file_, kMaxTokenBytes);
  if (!content) return fail_in(content.error(), token_name_);
  const auto token = trim(*content);
  if (token.empty()) return fail(ErrorCode::kInvalid, token_name_ + " " + token_file_ + ": the file is empty");
  token_digest_ = sha256_hex(token);
  return {};
}

bool SenderCheck::token_matches(std::string_view shown) {
  const std::lock_guard lock(mutex_);
  if (const auto now = clock_.steady_now(); now >= next_look_) {
    next_look_ = now + kLookEvery;
    if (stamp_file(token_file_) != stamp_) {
      if (auto loaded = load_token(); !loaded) {
        log::error("A changed bearer token cannot be used, the old one stays", {{"error", loaded.error()}});
      } else {
        log::info("Bearer token reloaded", {{"file", token_file_}});
      }
    }
  }
  // Digests, so that neither the length of the token shows.
  return same(sha256_hex(shown), token_digest_);
}

}  // namespace remint::sources
