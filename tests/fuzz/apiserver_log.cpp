// kube-apiserver's log: who calls it chooses parts of its lines.
#include "remint/detect/apiserver_log.hpp"

#include <vector>

#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

using detect::ApiServerLine;
using detect::ApiServerLogCounts;

struct ReadLog {
  std::vector<ApiServerLine> lines;
  ApiServerLogCounts counts;
};

ReadLog read_log(std::string_view text, const Cuts* cuts) {
  ReadLog log;
  const detect::LogClock clock{.reference = now()};
  const auto keep = [&](ApiServerLine&& line) { log.lines.push_back(std::move(line)); };
  detect::ApiServerLogParser parser({.line_bytes = 2048});
  if (cuts == nullptr) {
    parser.feed(text, clock, keep);
  } else {
    cuts->each(text, [&](std::string_view piece) {
      parser.feed(piece, clock, keep);
      return true;
    });
  }
  parser.finish(clock, keep);
  log.counts = parser.counts();
  return log;
}

bool same(const ApiServerLine& a, const ApiServerLine& b) {
  return a.kind == b.kind && a.diagnosis == b.diagnosis && a.time == b.time && a.text == b.text &&
         a.pod_uid == b.pod_uid && a.service_account_uid == b.service_account_uid &&
         a.service_account == b.service_account && a.audit_id == b.audit_id && a.source == b.source;
}

bool same(const ApiServerLogCounts& a, const ApiServerLogCounts& b) {
  return a.lines == b.lines && a.reasons == b.reasons && a.requests == b.requests && a.ignored == b.ignored &&
         a.too_long == b.too_long && a.invalid == b.invalid;
}

}  // namespace

void fuzz_apiserver_log(std::string_view input) {
  const Cuts cuts(input);
  const ReadLog whole = read_log(input, nullptr);
  const ApiServerLogCounts& counts = whole.counts;
  check(counts.lines == counts.reasons + counts.requests + counts.ignored + counts.too_long + counts.invalid,
        "each line is counted once");
  check(whole.lines.size() == counts.reasons + counts.requests, "each line that matters is told once");
  for (const ApiServerLine& line : whole.lines) {
    check(line.text.size() <= 512 && is_valid_utf8(line.text), "the error is bounded and safe to print");
    check(line.text.find_first_of("\x1b\n\r") == std::string::npos, "the error has no control characters");
    for (const auto* text : {&line.pod_uid, &line.service_account_uid, &line.service_account, &line.audit_id}) {
      check(text->size() <= 320, "a name is within its cap");
    }
  }
  const ReadLog cut = read_log(input, &cuts);
  check(same(cut.counts, counts), "wherever the bytes are cut, the counts are the same");
  check(std::ranges::equal(cut.lines, whole.lines, [](const auto& a, const auto& b) { return same(a, b); }),
        "wherever the bytes are cut, the lines are the same");
}

}  // namespace remint::fuzz
