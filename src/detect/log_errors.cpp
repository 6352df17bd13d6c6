#include "log_errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "remint/base/text.hpp"
#include "remint/detect/clue.hpp"

namespace remint::detect {
namespace {

/// Of an error with more to come, lines that other threads print between its own.
constexpr std::size_t kMaxStrangers = 8;
/// client-node prints an answer's headers up to 20 lines before its status, and 40 more with older versions of Node.js.
constexpr std::size_t kHeaderReach = 60;
constexpr std::size_t kLongestHeader = 128;
/// What is kept of a line before the place that matched, when the line is long.
constexpr std::size_t kLead = 40;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

/// The API server's ids. A client could choose another form of its own, and none does.
std::string audit_id_in(std::string_view text) {
  static const RE2 named(R"((?i)audit-?id\W{1,12}([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b)");
  std::string id;
  if (text.find("udit") != std::string_view::npos && RE2::PartialMatch(piece(text), named, &id)) {
    std::ranges::transform(id, id.begin(), [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  }
  return id;
}

bool is_part(std::string_view text, ErrorForm form) {
  if (text.find_first_not_of(" \t") == std::string_view::npos || text[0] == ' ' || text[0] == '\t') {
    return true;
  }
  if (text.starts_with("Caused by: ")) {
    return true;
  }
  if (form != ErrorForm::kLine && (text[0] == '}' || text[0] == ']' || text[0] == ')')) {
    return true;
  }
  constexpr std::array<std::string_view, 5> kHeads = {"Reason: ", "HTTP response ", "Message: ", "Body: ", "Headers: "};
  return form == ErrorForm::kHeaded &&
         std::ranges::any_of(kHeads, [&](std::string_view head) { return text.starts_with(head); });
}

std::string name_of_own(std::size_t index) { return fmt::format("podLog.patterns[{}]", index); }

/// What people are shown of a line: around the place that matched. Redacted before it is cut, or the front part of a
/// token could go and leave the rest.
std::string shown(std::string_view line, const RE2& pattern) {
  if (line.size() <= Clue::kMaxText) {
    return sanitize(line, Clue::kMaxText);
  }
  const std::string safe = sanitize(line, 8 * line.size());
  re2::StringPiece place;
  if (safe.size() <= Clue::kMaxText || !pattern.Match(safe, 0, safe.size(), RE2::UNANCHORED, &place, 1)) {
    return sanitize(safe, Clue::kMaxText);
  }
  auto begin = static_cast<std::size_t>(place.data() - safe.data());
  if (begin + place.size() <= Clue::kMaxText - 3) {
    return sanitize(safe, Clue::kMaxText);
  }
  begin -= std::min(begin, kLead);
  while (begin > 0 && (static_cast<unsigned char>(safe[begin]) & 0xC0U) == 0x80U) {
    --begin;
  }
  return sanitize((begin > 0 ? "..." : "") + safe.substr(begin), Clue::kMaxText);
}

}  // namespace

bool LogErrors::close_to_open(Time time) const {
  return std::chrono::abs(time - open_->error.time) <= kMaxTime && open_->lines < kMaxLines;
}

void LogErrors::line(Time time, std::string_view text, std::vector<Found>& found) {
  const auto hits = patterns_->match(text, scratch_);
  const auto row = hits.known ? known_line_set().match(text) : std::nullopt;
  look_for_header(time, text, hits.known);
  if (open_ && !close_to_open(time)) {
    close(found);
  }
  if (open_) {
    ++open_->lines;
    if (is_part(text, open_->form)) {
      return take_part(text, row, hits, found);
    }
    // Another thread's line may stand between "(401)" and "HTTP response headers".
    if (row || open_->form != ErrorForm::kHeaded || ++open_->strangers > kMaxStrangers) {
      close(found);
    }
  }
  if (row || hits.own) {
    begin(time, text, row, hits, found);
  }
}

void LogErrors::begin(Time time, std::string_view text, std::optional<std::size_t> row,
                      const CompiledPatterns::Hits& hits, std::vector<Found>& found) {
  Open next{.error = {.time = time, .what = {}, .text = {}, .audit_id = audit_id_in(text)}};
  const auto& known = known_line_set();
  if (row) {
    next.form = known_lines()[*row].form;
    next.confirmation = known.confirmations[*row].get();
  }
  if (next.form == ErrorForm::kObject && next.error.audit_id.empty() && header_ && !header_->id.empty()) {
    next.error.audit_id = std::move(header_->id);
    if (next.confirmation != nullptr && RE2::PartialMatch(header_->line, *next.confirmation)) {
      next.confirmation = nullptr;
    }
    header_.reset();
  }
  if (row && (next.confirmation == nullptr || !hits.own)) {
    next.error.what = known_lines()[*row].what;
    next.error.text = shown(text, *known.lines[*row]);
  } else {
    next.confirmation = nullptr;
    next.error.what = name_of_own(*hits.own);
    next.error.text = shown(text, *patterns_->own[*hits.own]);
  }
  if (open_ && !row) {  // between the lines of an error that is not complete
    std::swap(*open_, next);
    tell(found);
    std::swap(*open_, next);
    return;
  }
  open_ = std::move(next);
  tell_if_complete(found);
}

void LogErrors::take_part(std::string_view text, std::optional<std::size_t> row, const CompiledPatterns::Hits& hits,
                          std::vector<Found>& found) {
  if (open_->told) {
    return;
  }
  if (open_->error.audit_id.empty()) {
    open_->error.audit_id = audit_id_in(text);
  }
  if (open_->confirmation != nullptr) {
    if (RE2::PartialMatch(piece(text), *open_->confirmation)) {
      open_->confirmation = nullptr;
    } else if (row || hits.own) {
      const Time time = open_->error.time;
      open_.reset();
      return begin(time, text, row, hits, found);
    }
  }
  tell_if_complete(found);
}

void LogErrors::tell_if_complete(std::vector<Found>& found) {
  const bool more = open_->form != ErrorForm::kLine && open_->error.audit_id.empty();
  if (open_->confirmation == nullptr && !more) {
    tell(found);
  }
}

void LogErrors::tell(std::vector<Found>& found) {
  open_->told = true;
  // Printed twice: by whoever caught it, and again by whoever was told.
  if (const auto& id = open_->error.audit_id; !id.empty()) {
    if (id == last_id_) {
      return;
    }
    last_id_ = id;
  }
  found.push_back(open_->error);
}

void LogErrors::close(std::vector<Found>& found) {
  if (open_->confirmation == nullptr && !open_->told) {
    tell(found);
  }
  open_.reset();
}

void LogErrors::flush(std::vector<Found>& found) {
  if (open_ && open_->confirmation == nullptr && !open_->told) {
    tell(found);
  }
}

void LogErrors::drop() {
  open_.reset();
  header_.reset();
}

void LogErrors::look_for_header(Time time, std::string_view text, bool may_begin) {
  static const RE2 front(R"(^(?:< |\s*)'?[Aa]udit-[Ii]d'?[:,])");
  if (header_) {
    if (header_->id.empty()) {  // Node.js prints names and values by turns, each on its own line
      header_->id = audit_id_in("audit-id: " + std::string(text.substr(0, kLongestHeader)));
    }
    const bool near = ++header_->lines_ago <= kHeaderReach && std::chrono::abs(time - header_->time) <= kMaxTime;
    if (header_->id.empty() || !near) {
      header_.reset();
    }
  }
  if (may_begin && text.size() <= kLongestHeader && RE2::PartialMatch(piece(text), front)) {
    header_ = Header{.line = std::string(text), .id = audit_id_in(text), .time = time};
  }
}

}  // namespace remint::detect
