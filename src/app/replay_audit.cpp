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

/// JSON lines are decoded in blocks of whole lines, so that one broken line costs no more than its block's rest; any
/// other document has to be taken whole.
std::size_t block_end(std::string_view text, bool lines) {
  if (!lines || text.size() <= kBlock) return text.size();
  const auto newline = text.find('\n', kBlock);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

/// The file backend writes one event per line: an object that follows an object without a comma tells.
bool is_json_lines(std::string_view text) {
  return text.find("}\n{") != std::string_view::npos || text.find("}\r\n{") != std::string_view::npos;
}

/// Lines one by one, so that a broken one costs only itself. Returns how many are broken.
std::size_t decode_lines(detect::AuditDecoder& decoder, std::string_view block, detect::AuditBatch& batch,
                         detect::AuditReport& report) {
  std::size_t broken = 0;
  while (!block.empty()) {
    const auto newline = block.find('\n');
    const auto part = decoder.decode(block.substr(0, newline), batch);
    add(report, part);
    broken += part.broken ? 1U : 0U;
    block.remove_prefix(newline == std::string_view::npos ? block.size() : newline + 1);
  }
  return broken;
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
      const auto block = rest.substr(0, end);
      auto report = decoder.decode(block, batch);
      if (report.broken && lines) {
        batch.clear();
        report = {};
        const auto broken = decode_lines(decoder, block, batch, report);
        recorded.warnings.push_back(file + ": " + std::to_string(broken) + " lines are not JSON and were left out");
      } else if (report.broken) {
        recorded.warnings.push_back(file + ": " + report.broken->message);
      }
      add(recorded.report, report);
      rest.remove_prefix(end);
    }
  }
  if (recorded.report.invalid > 0) {
    recorded.warnings.push_back(std::to_string(recorded.report.invalid) +
                                " entries are not usable audit events and were left out");
  }
  for (std::uint32_t b = 0; b < recorded.batches.size(); ++b) {
    for (std::uint32_t r = 0; r < recorded.batches[b].records.size(); ++r) {
      const auto& record = recorded.batches[b].records[r];
      recorded.order.push_back({std::max(record.staged, record.received), b, r});
    }
  }
  std::stable_sort(recorded.order.begin(), recorded.order.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  return recorded;
}

}  // namespace remint::app
