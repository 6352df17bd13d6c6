// Bodies of the audit webhook: anybody who may send to it chooses them, and callers choose the texts within.
#include "remint/detect/audit.hpp"

#include "fuzz.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

using detect::ArenaText;
using detect::AuditBatch;
using detect::AuditRecord;

constexpr ArenaText AuditRecord::* kTexts[] = {
    &AuditRecord::audit_id,   &AuditRecord::verb,     &AuditRecord::uri,
    &AuditRecord::user_agent, &AuditRecord::resource, &AuditRecord::ns,
    &AuditRecord::pod_uid,    &AuditRecord::pod_name, &AuditRecord::user_name};

bool same(const AuditBatch& a, const AuditRecord& x, const AuditBatch& b, const AuditRecord& y) {
  return x.kind == y.kind && x.code == y.code && x.received == y.received && x.staged == y.staged &&
         x.source == y.source && x.dedup == y.dedup && x.agent == y.agent && x.shape == y.shape &&
         x.credential == y.credential && x.stale_seconds == y.stale_seconds &&
         std::ranges::all_of(kTexts, [&](auto text) { return a.text(x.*text) == b.text(y.*text); });
}

void check_record(const AuditBatch& batch, const AuditRecord& record) {
  for (const auto text : kTexts) {
    const ArenaText place = record.*text;
    check(place.offset <= batch.arena.size() && place.size <= batch.arena.size() - place.offset,
          "a record's texts lie inside the arena");
    const bool long_one = text == &AuditRecord::uri || text == &AuditRecord::user_agent;
    check(place.size <= (long_one ? 1024U : 256U), "a text is within its cap");
  }
  check((record.code == 401) == (record.kind == detect::AuditKind::kRejected),
        "401 is a rejection, and nothing else is");
  check(record.stale_seconds >= -1, "a token is stale since a time in the past");
  check(record.received >= Time{} && record.staged >= Time{}, "times are those that RFC 3339 can write");
}

template <class Decode>
void check_decoding(const Decode& decode) {
  static detect::AuditDecoder used;  // with what earlier inputs left in its buffer
  AuditBatch batch;
  const auto report = decode(used, batch);
  check(report.events == batch.records.size() + report.ignored + report.invalid, "each event is counted once");
  const auto count = [&](auto&& is) { return static_cast<std::uint64_t>(std::ranges::count_if(batch.records, is)); };
  check(report.rejected == count([](const AuditRecord& r) { return r.kind == detect::AuditKind::kRejected; }),
        "rejections are counted");
  check(report.stale == count([](const AuditRecord& r) { return r.stale_seconds >= 0; }), "stale tokens are counted");
  for (const AuditRecord& record : batch.records) {
    check_record(batch, record);
  }

  detect::AuditDecoder fresh;
  AuditBatch again;
  again.add("left over from another body");
  const auto second = decode(fresh, again);
  check(second.events == report.events && second.ignored == report.ignored && second.invalid == report.invalid &&
            second.broken.has_value() == report.broken.has_value() && again.records.size() == batch.records.size(),
        "the same body is counted the same way twice");
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    check(same(batch, batch.records[i], again, again.records[i]), "the same body gives the same records twice");
  }
}

/// What one line leaves behind in the decoder must not show in the next.
void check_lines(std::string_view input) {
  detect::AuditDecoder decoder;
  AuditBatch together;
  const auto report = decoder.decode_lines(input, together);
  if (report.events > 6) {
    return;
  }
  std::size_t next = 0;
  for (std::string_view rest = input; !rest.empty();) {
    const std::string_view line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
    rest.remove_prefix(line.size());
    detect::AuditDecoder fresh;
    AuditBatch alone;
    static_cast<void>(fresh.decode_lines(line, alone));
    for (const AuditRecord& record : alone.records) {
      check(next < together.records.size() && same(alone, record, together, together.records[next++]),
            "a line is read the same way by itself");
    }
  }
  check(next == together.records.size(), "a line is read the same way by itself");
}

}  // namespace

void fuzz_audit(std::string_view input) {
  check_decoding([&](detect::AuditDecoder& decoder, AuditBatch& batch) { return decoder.decode(input, batch); });
  check_decoding([&](detect::AuditDecoder& decoder, AuditBatch& batch) { return decoder.decode_lines(input, batch); });
  check_lines(input);
}

}  // namespace remint::fuzz
