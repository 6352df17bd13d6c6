// What a predecessor has learnt of callers, as a ConfigMap says.
#include <string>
#include <vector>

#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "remint/detect/detector.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

constexpr std::size_t kRoom = 4096;

/// Two pods on a node whose address they share.
void populate(detect::Inventory& inventory) {
  const auto address = IpAddress::parse("192.168.0.4").value();
  inventory.apply(detect::NodeRecord{"worker-1", {address}});
  for (const char* const uid : {"a", "b"}) {
    detect::PodRecord pod;
    pod.uid = pod.name = uid;
    pod.ns = "shop";
    pod.node = "worker-1";
    pod.host_network = true;
    pod.ips = {address};
    pod.created = now() - std::chrono::hours(1);
    inventory.apply(pod, now());
  }
}

/// Pods that were heard at the same time may change places.
std::vector<std::string> sorted_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  std::ranges::sort(lines);
  return lines;
}

}  // namespace

void fuzz_caller_memory(std::string_view input) {
  detect::Detector first;
  populate(first.inventory());
  const auto pods = first.restore_callers(input, now());
  if (!pods) {
    check(pods.error().code == ErrorCode::kInvalid, "an error is that of the input");
    return;
  }
  const std::string saved = first.save_callers(now(), kRoom);
  check(saved.size() <= kRoom, "what is saved is within its cap");
  if (saved.empty()) {
    return;
  }
  detect::Detector second;
  populate(second.inventory());
  check(second.restore_callers(saved, now()).has_value(), "what was saved can be restored");
  check(sorted_lines(second.save_callers(now(), kRoom)) == sorted_lines(saved), "what was restored is saved as it was");
  second.expire(now() + std::chrono::minutes(1));
  check(second.open_cases().empty(), "a memory alone accuses nobody");
}

}  // namespace remint::fuzz
