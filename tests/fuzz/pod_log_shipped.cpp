// Pods' log lines as collectors post them.
#include "remint/detect/pod_log_shipped.hpp"

#include <string>
#include <utility>
#include <vector>

#include "fuzz.hpp"
#include "targets.hpp"

namespace remint::fuzz {

void fuzz_pod_log_shipped(std::string_view input) {
  using Reader = detect::PodLogShippedReader;
  std::vector<std::string> lines;
  const auto take = [&](const detect::ShippedPodLine& line) {
    check(!line.uid.empty() || (!line.ns.empty() && !line.pod.empty()), "a line names its pod");
    for (const auto name : {line.ns, line.pod, line.uid, line.container}) {
      check(name.size() <= Reader::kMaxName, "a name is within its cap");
    }
    check(line.line.find('\n') == std::string_view::npos, "a line is one line");
    std::string all;
    for (const auto text : {line.ns, line.pod, line.uid, line.container, line.line}) {
      (all += text) += '\n';
    }
    lines.push_back(all + format_rfc3339_micro(line.time));
  };
  static Reader used;
  const auto found = used.read(input, take);
  check(found.problem.has_value() == (found.invalid > 0), "what is wrong is said");
  check(!found.broken || found.invalid > 0, "broken JSON counts as invalid");

  const auto first = std::exchange(lines, {});
  Reader fresh;
  const auto again = fresh.read(input, take);
  check(lines == first && again.records == found.records && again.invalid == found.invalid &&
            again.broken == found.broken,
        "the same body gives the same twice");
}

}  // namespace remint::fuzz
