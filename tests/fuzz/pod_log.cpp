// Containers' logs: programs print what they like.
#include "remint/detect/pod_log.hpp"

#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

using detect::Clue;

detect::PodLogReader reader() {
  static const auto patterns =
      detect::LinePatterns::compile(std::vector<std::string>{"no such user", "(?i)denied: .*token"}).value();
  return {{.pod_uid = "pod-1", .container = "app"}, patterns};
}

bool same(const Clue& a, const Clue& b) {
  return a.source == b.source && a.time == b.time && a.pod_uid == b.pod_uid && a.what == b.what && a.text == b.text &&
         a.audit_id == b.audit_id;
}

}  // namespace

void fuzz_pod_log(std::string_view input) {
  const Cuts cuts(input);
  auto whole = reader();
  std::vector<Clue> clues;
  whole.feed(input, clues);
  whole.flush(clues);
  check(clues.size() == whole.counts().matched, "each error is told once");
  for (const Clue& clue : clues) {
    check(clue.text.size() <= Clue::kMaxText && is_valid_utf8(clue.text), "a clue is bounded and safe to print");
    check(clue.text.find_first_of("\x1b\n\r") == std::string::npos, "a clue has no control characters");
    check(clue.pod_uid == "pod-1" && !clue.what.empty(), "a clue accuses the pod whose log it is");
    check(clue.time <= whole.newest(), "no clue is newer than the newest line");
  }

  auto cut = reader();
  std::vector<Clue> of_cut;
  cuts.each(input, [&](std::string_view piece) {
    cut.feed(piece, of_cut);
    return true;
  });
  cut.flush(of_cut);
  check(cut.counts().lines == whole.counts().lines && cut.counts().untimed == whole.counts().untimed &&
            cut.counts().oversize == whole.counts().oversize,
        "wherever the bytes are cut, the counts are the same");
  check(cut.newest() == whole.newest(), "wherever the bytes are cut, the newest line is the same");
  check(std::ranges::equal(of_cut, clues, [](const Clue& a, const Clue& b) { return same(a, b); }),
        "wherever the bytes are cut, the clues are the same");
}

}  // namespace remint::fuzz
