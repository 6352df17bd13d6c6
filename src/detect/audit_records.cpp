#include "audit_records.hpp"

#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <utility>

#include "json_text.hpp"

namespace remint::detect {
namespace {

constexpr std::size_t kLongTextCap = 1024;
constexpr std::size_t kTextCap = 256;
constexpr std::size_t kArenaCap = 1U << 31U;  // ArenaText has 32 bits

/// "subject: system:serviceaccount:NS:SA, seconds after warning threshold: 4185802"; -1 when it reads otherwise.
std::int64_t stale_seconds(std::string_view annotation) {
  constexpr std::string_view kMark = "seconds after warning threshold: ";
  constexpr std::int64_t kHundredYears = 100LL * 365 * 86'400;
  const std::size_t at = annotation.rfind(kMark);
  if (at == std::string_view::npos) {
    return -1;
  }
  const std::string_view number = annotation.substr(at + kMark.size());
  std::int64_t seconds = -1;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  return error == std::errc{} && seconds >= 0 && seconds <= kHundredYears ? seconds : -1;
}

std::uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>()(text); }

std::uint64_t shape_of(const RawEvent& event) {
  constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15U;
  if (event.resource.empty()) {
    return hash_of(event.uri.substr(0, event.uri.find('?')));
  }
  const std::uint64_t name = event.resource == "leases" ? hash_of(event.object_name) : 0;
  return (hash_of(event.resource) * kSpread + hash_of(event.ns)) * kSpread + name;
}

}  // namespace

void AuditRecords::begin(AuditBatch& batch) {
  batch_ = &batch;
  report_ = {};
}

AuditReport AuditRecords::finish() {
  batch_ = nullptr;
  return std::move(report_);
}

void AuditRecords::count(ReadStatus status) {
  report_.events += 1;
  report_.ignored += status == ReadStatus::kIgnored ? 1U : 0U;
  report_.invalid += status == ReadStatus::kInvalid ? 1U : 0U;
}

void AuditRecords::break_at(std::size_t offset) {
  report_.broken = Error{ErrorCode::kInvalid,
                         fmt::format("audit body is not valid JSON from byte {} on; the {} events before it were read",
                                     offset, report_.events),
                         0};
}

bool AuditRecords::add_text(std::string_view raw, std::size_t cap, ArenaText& place) {
  const std::size_t begin = batch_->arena.size();
  if (!append_unescaped(batch_->arena, raw, cap)) {
    return false;
  }
  place = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(batch_->arena.size() - begin)};
  return true;
}

ReadStatus AuditRecords::add(const RawEvent& event) {
  const auto received = times_.read(event.received);
  const auto staged = event.staged.empty() ? received : times_.read(event.staged);
  if (!received || !staged || batch_->arena.size() > kArenaCap || event.code < 0 || event.code > 999) {
    return ReadStatus::kInvalid;
  }
  const std::size_t arena_before = batch_->arena.size();
  AuditRecord& record = batch_->records.emplace_back();
  record.kind = event.user_name.empty() ? AuditKind::kRejected : AuditKind::kAccepted;
  record.code = static_cast<std::uint16_t>(event.code);
  record.received = *received;
  record.staged = *staged;
  record.source = IpAddress::parse(event.source);
  // The two stages that come here differ in length, so that the length can stand for the stage.
  record.dedup = std::hash<std::string_view>()(event.audit_id) * 31U + event.stage.size();
  bool fine = add_text(event.user_agent, kLongTextCap, record.user_agent);
  if (record.kind == AuditKind::kRejected) {
    fine = fine && add_text(event.audit_id, kTextCap, record.audit_id) && add_text(event.verb, kTextCap, record.verb) &&
           add_text(event.uri, kLongTextCap, record.uri) && add_text(event.resource, kTextCap, record.resource) &&
           add_text(event.ns, kTextCap, record.ns);
  } else {
    fine = fine && add_text(event.pod_uid, kTextCap, record.pod_uid) &&
           add_text(event.pod_name, kTextCap, record.pod_name) && add_text(event.user_name, kTextCap, record.user_name);
    record.credential = event.credential_id.empty() ? 0 : hash_of(event.credential_id);
    record.stale_seconds = event.has_stale ? stale_seconds(event.stale) : -1;
  }
  if (!fine) {
    batch_->records.pop_back();
    batch_->arena.resize(arena_before);
    return ReadStatus::kInvalid;
  }
  record.agent = hash_of(batch_->text(record.user_agent));
  record.shape = shape_of(event);
  report_.rejected += record.kind == AuditKind::kRejected ? 1U : 0U;
  report_.stale += record.stale_seconds >= 0 ? 1U : 0U;
  return ReadStatus::kOk;
}

void AuditRecords::take_back() {
  const AuditRecord& record = batch_->records.back();
  report_.rejected -= record.kind == AuditKind::kRejected ? 1U : 0U;
  report_.stale -= record.stale_seconds >= 0 ? 1U : 0U;
  batch_->arena.resize(record.user_agent.offset);
  batch_->records.pop_back();
}

}  // namespace remint::detect
