#include "replay_log.hpp"

#include <algorithm>

#include "remint/base/file.hpp"
#include "remint/base/gzip.hpp"

namespace remint::app {
namespace {

constexpr std::size_t kMaxFile = std::size_t{2} << 30U;

}  // namespace

Result<RecordedLines> read_apiserver_logs(const std::vector<std::string>& files, const detect::LogClock& clock) {
  RecordedLines recorded;
  for (std::size_t stream = 0; stream < files.size(); ++stream) {
    auto text = read_file(files[stream], kMaxFile);
    if (!text) return fail_in(text.error(), "--apiserver-log");
    if (looks_gzipped(*text)) {
      text = gunzip(*text, kMaxFile);
      if (!text) return fail_in(text.error(), "--apiserver-log " + files[stream]);
    }
    detect::ApiServerLogParser parser;
    const auto keep = [&](detect::ApiServerLine&& line) {
      recorded.lines.push_back({static_cast<detect::ReasonJoin::Stream>(stream), std::move(line)});
    };
    parser.feed(*text, clock, keep);
    parser.finish(clock, keep);
    const auto& counts = parser.counts();
    if (const auto unusable = counts.invalid + counts.too_long; unusable > 0) {
      recorded.warnings.push_back(files[stream] + ": " + std::to_string(unusable) +
                                  " lines were cut, too long or without a time, and were left out");
    }
    if (counts.reasons + counts.requests == 0) {
      recorded.warnings.push_back(files[stream] + ": no line in it tells of a rejected token; is it kube-apiserver's?");
    }
  }
  std::ranges::stable_sort(recorded.lines, {}, [](const auto& item) { return item.line.time; });
  return recorded;
}

}  // namespace remint::app
