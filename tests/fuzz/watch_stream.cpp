// The lines of a watch, cut where the network cuts them.
#include "remint/kube/watch_stream.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fuzz.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

constexpr std::size_t kMaxLine = 4096;

struct Watched {
  std::vector<std::pair<kube::WatchEventType, std::string>> events;
  std::optional<ErrorCode> ended;  ///< by an error
};

Watched watch(std::string_view text, const Cuts& cuts) {
  Watched watched;
  const kube::WatchSink sink = [&](kube::WatchEventType type, std::string_view object) -> Result<void> {
    touch({object.data(), object.size() + kube::kItemPadding});
    check(object.size() <= kMaxLine, "an object is within its cap");
    watched.events.emplace_back(type, object);
    return {};
  };
  kube::WatchStream stream(sink, kMaxLine);
  const auto note = [&](const Result<void>& result) {
    if (!result) {
      watched.ended = result.error().code;
      check(!result.error().message.empty(), "an error says what is wrong");
    }
    return result.has_value();
  };
  cuts.each(text, [&](std::string_view piece) { return note(stream.feed(piece)); });
  if (!watched.ended) {
    note(stream.finish());
  }
  return watched;
}

}  // namespace

void fuzz_watch_stream(std::string_view input) {
  const Cuts cuts(input);
  std::string_view none;
  const Watched whole = watch(input, Cuts(none));
  const Watched cut = watch(input, cuts);
  check(whole.events == cut.events, "wherever the bytes are cut, the events are the same");
  check(whole.ended == cut.ended, "wherever the bytes are cut, the watch ends the same way");
}

}  // namespace remint::fuzz
