// Where lines of followed logs begin and end, cut where reads and streams cut them.
#include <string>

#include "audit_file_lines.hpp"
#include "fuzz.hpp"
#include "log_cursor.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

std::string read_stream(sources::LogCursor& cursor, std::string_view text, const Cuts& cuts) {
  std::string kept;
  cursor.resume();
  cuts.each(text, [&](std::string_view piece) {
    cursor.feed(piece, [&](std::string_view bytes) { kept += bytes; });
    return true;
  });
  return kept;
}

/// A container's log whose stream is opened anew.
void cursor(std::string_view text, const Cuts& cuts) {
  std::string_view none;
  const Cuts uncut(none);
  sources::LogCursor whole, cut;
  const std::string kept = read_stream(whole, text, uncut);
  check(read_stream(cut, text, cuts) == kept && cut.newest() == whole.newest(),
        "wherever the bytes are cut, the lines are the same");
  // What may yet become a time waits for its end.
  check(text.starts_with(kept) && text.size() - kept.size() < 40, "of the first stream all is kept");
}

/// An audit log file.
void cutter(std::string_view text, const Cuts& cuts) {
  constexpr std::size_t kCap = 512;
  std::string_view none;
  const auto lines = [&](const Cuts& where) {
    sources::LineCutter cutter(kCap);
    std::string all;
    const auto take = [&](std::string_view whole) {
      check(!whole.empty() && whole.back() == '\n', "lines are whole");
      all += whole;
    };
    where.each(text, [&](std::string_view piece) {
      cutter.feed(piece, take);
      return true;
    });
    check(cutter.held() <= text.size(), "what is held has come");
    cutter.finish(take);
    return all;
  };
  const std::string whole = lines(Cuts(none));
  const std::string cut = lines(cuts);
  // What came in one piece is handed on however long it is: it costs no memory. What lies in holes of NULs is skipped.
  check(cut.size() <= whole.size(), "no more lines come of pieces");
  if (text.find('\0') == std::string_view::npos) {
    std::string expected;
    for (std::string_view rest = whole; !rest.empty();) {
      const auto line = rest.substr(0, rest.find('\n') + 1);
      if (line.size() <= kCap) expected += line;
      rest.remove_prefix(line.size());
    }
    std::string got;
    for (std::string_view rest = cut; !rest.empty();) {
      const auto line = rest.substr(0, rest.find('\n') + 1);
      if (line.size() <= kCap) got += line;
      rest.remove_prefix(line.size());
    }
    check(got == expected, "wherever the bytes are cut, lines within the cap are the same");
  }
}

}  // namespace

void fuzz_log_lines(std::string_view input) {
  const Cuts cuts(input);
  cursor(input, cuts);
  cutter(input, cuts);
}

}  // namespace remint::fuzz
