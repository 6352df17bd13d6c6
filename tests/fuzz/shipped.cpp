// Envelopes of clouds and collectors around audit events and API-server log lines.
#include "remint/detect/shipped.hpp"

#include "fuzz.hpp"
#include "remint/detect/apiserver_log.hpp"
#include "remint/detect/audit.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

constexpr detect::ShippedLimits kLimits{.unpacked_bytes = 256U << 10U, .document_bytes = 64U << 10U, .streams = 4};

void check_found(const detect::ShippedBody& found) {
  check(found.logs.size() <= kLimits.streams, "streams are told apart up to their cap");
  std::size_t bytes = found.events.size();
  for (const auto& lines : found.logs) {
    check(lines.stream.size() <= 256, "a stream's name is within its cap");
    check(!lines.text.empty() && lines.text.back() == '\n', "each line has its line feed");
    bytes += lines.text.size();
  }
  check(found.events.empty() || found.events.back() == '\n', "each event is a line");
  check(bytes <= 8 * (kLimits.unpacked_bytes + (64U << 10U)), "what comes out is bounded");
  check((found.invalid > 0 || found.broken) == found.problem.has_value(), "what is wrong is said");
}

bool same(const detect::ShippedBody& a, const detect::ShippedBody& b) {
  return a.events == b.events && a.plain == b.plain && a.invalid == b.invalid && a.foreign == b.foreign &&
         a.envelope == b.envelope && a.request_id == b.request_id && a.broken == b.broken &&
         std::ranges::equal(a.logs, b.logs,
                            [](const auto& x, const auto& y) { return x.stream == y.stream && x.text == y.text; });
}

/// As the webhook hands it on.
void read_on(const detect::ShippedBody& found) {
  static detect::AuditDecoder decoder;
  detect::AuditBatch batch;
  const auto report = decoder.decode_lines(found.events, batch);
  check(report.events == batch.records.size() + report.ignored + report.invalid, "each event is counted once");
  for (const auto& lines : found.logs) {
    detect::ApiServerLogParser parser;
    parser.feed(lines.text, {.reference = now()}, [](detect::ApiServerLine&&) {});
  }
}

}  // namespace

void fuzz_shipped(std::string_view input) {
  static detect::ShippedReader used(kLimits);
  detect::ShippedBody found;
  used.read(input, found);
  check_found(found);
  read_on(found);

  detect::ShippedReader fresh(kLimits);
  detect::ShippedBody again;
  fresh.read(input, again);
  check(same(found, again), "the same body gives the same twice");
}

}  // namespace remint::fuzz
