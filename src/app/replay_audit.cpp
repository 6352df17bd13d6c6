#include "replay_audit.hpp"

#include <algorithm>

#include "remint/base/file.hpp"
#include "remint/base/gzip.hpp"

namespace remint::app {
namespace {

constexpr std::size_t kMaxFile = std::size_t{2} << 30U;
constexpr std::size_t kBlock = 8U << 20U;

void add(detect::AuditReport& sum, const detect::AuditReport& part) {
  sum.events += part.events;
  sum.rejected += part.rejected;
  sum.stale += part.stale;
  sum.ignored += part.ignored;
  sum.invalid += part.invalid;
}

/// JSON lines are decoded in blocks of whole lines, so that one broken line costs no more than its block's rest; any other
/// document has to be taken whole.
std::size_t block_end(std::string_view text, bool lines) {
  if (!lines || text.size() <= kBlock) return text.size();
  const auto newline = text.find('\n', kBlock);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

/// The file backend writes one event per line, so a second line that opens an object tells JSON lines from a document.
bool is_json_lines(std::string_view text) {
  const auto newline = text.find('\n');
  if (newline == std::string_view::npos) return false;
  const auto next = text.find_first_not_of(" \t\r\n", newline);
  return text.front() == '{' && next != std::string_view::npos && text[next] == '{' &&
         text.find_last_not_of(" \t\r", newline - 1) != std::string_view::npos &&
         text[text.find_last_not_of(" \t\r", newline - 1)] == '}';
}

}  // namespace

Result<RecordedAudit> read_audit(const std::vector<std::string>& files) {
  RecordedAudit recorded;
  detect::AuditDecoder decoder;
  for (const auto& file : files) {
    auto text = read_file(file, kMaxFile);
    if (!text) return fail_in(text.error(), "--audit");
    if (looks_gzipped(*text)) {
      text = gunzip(*text, kMaxFile);
      if (!text) return fail_in(text.error(), "--audit " + file);
    }
    std::string_view rest = *text;
    const bool lines = !rest.empty() && is_json_lines(rest);
    while (!rest.empty()) {
      const auto end = block_end(rest, lines);
      auto& batch = recorded.batches.emplace_back();
      auto report = decoder.decode(rest.substr(0, end), batch);
      // In JSON lines a broken line is skipped and the next one is tried.
      while (lines && report.broken) {
        recorded.warnings.push_back(file + ": " + report.broken->message);
        break;
      }
      if (!lines && report.broken) recorded.warnings.push_back(file + ": " + report.broken->message);
      add(recorded.report, report);
      rest.remove_prefix(end);
    }
  }
  if (recorded.report.invalid > 0) {
    recorded.warnings.push_back(std::to_string(recorded.report.invalid) + " entries are not usable audit events and were left out");
  }
  for (std::uint32_t b = 0; b < recorded.batches.size(); ++b) {
    for (std::uint32_t r = 0; r < recorded.batches[b].records.size(); ++r) {
      const auto& record = recorded.batches[b].records[r];
      recorded.order.push_back({std::max(record.staged, record.received), b, r});
    }
  }
  std::stable_sort(recorded.order.begin(), recorded.order.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return recorded;
}

}  // namespace remint::app
