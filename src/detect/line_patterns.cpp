#include "line_patterns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

/// Of all patterns of a policy together. RE2 needs steps in proportion to it for each byte, when a pattern is such that
/// no automaton of a fair size can be made of it.
constexpr int kMaxSteps = 4'096;
constexpr int kMaxStepsOfOne = 1'024;
/// Of the filter: its program, and the states that it has met, which are forgotten when they are too many.
constexpr std::int64_t kFilterMemory = 8U << 20U;

RE2::Options options(std::int64_t memory) {
  RE2::Options chosen(RE2::Quiet);
  chosen.set_max_mem(memory);
  return chosen;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

std::string place(std::size_t index) { return fmt::format("podLog.patterns[{}]", index); }

/// What is wrong with one pattern; else its program is in `compiled`.
std::string problem_of(const std::string& pattern, std::unique_ptr<RE2>& compiled) {
  if (pattern.size() > LinePatterns::kMaxPatternBytes) {
    return fmt::format("is longer than {} bytes", LinePatterns::kMaxPatternBytes);
  }
  compiled = std::make_unique<RE2>(piece(pattern), options(LinePatterns::kMaxPatternMemory));
  if (compiled->error_code() == RE2::ErrorPatternTooLarge || compiled->ProgramSize() > kMaxStepsOfOne) {
    return "is too costly: make its repetitions shorter";
  }
  if (!compiled->ok()) {
    return "is no RE2 pattern: " + sanitize(compiled->error(), 160);
  }
  if (RE2::PartialMatch("", *compiled)) {
    return "matches the empty line, and so every line";
  }
  return {};
}

struct Checked {
  std::vector<std::unique_ptr<RE2>> patterns;
  std::unique_ptr<RE2::Set> filter;
  std::vector<std::string> problems;
};

Checked check(std::span<const std::string> patterns) {
  Checked checked;
  if (patterns.size() > LinePatterns::kMaxPatterns) {
    checked.problems.push_back(fmt::format("podLog.patterns: {} of them; at most {} are possible", patterns.size(),
                                           LinePatterns::kMaxPatterns));
    return checked;
  }
  int steps = 0;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    auto& compiled = checked.patterns.emplace_back();
    if (auto problem = problem_of(patterns[i], compiled); !problem.empty()) {
      checked.problems.push_back(place(i) + ": " + problem);
    } else {
      steps += compiled->ProgramSize();
    }
  }
  if (!checked.problems.empty()) {
    return checked;
  }
  checked.filter = std::make_unique<RE2::Set>(options(kFilterMemory), RE2::UNANCHORED);
  checked.filter->Add(piece(kKnownLineAtoms), nullptr);
  for (const auto& pattern : patterns) {
    checked.filter->Add(piece(pattern), nullptr);
  }
  if (steps > kMaxSteps || !checked.filter->Compile()) {
    checked.problems.emplace_back("podLog.patterns: together they are too costly: fewer of them, or simpler ones");
  }
  return checked;
}

}  // namespace

KnownLineSet::KnownLineSet() : set(options(kFilterMemory), RE2::UNANCHORED) {
  for (const auto& known : known_lines()) {
    const auto pattern = expand(known.pattern);
    set.Add(piece(pattern), nullptr);
    lines.push_back(std::make_unique<RE2>(piece(pattern), options(kFilterMemory)));
    confirmations.push_back(known.confirmed_by.empty()
                                ? nullptr
                                : std::make_unique<RE2>(piece(expand(known.confirmed_by)), options(kFilterMemory)));
  }
  set.Compile();
}

std::optional<std::size_t> KnownLineSet::match(std::string_view line) const {
  std::vector<int> found;
  if (!set.Match(piece(line), &found)) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(*std::ranges::min_element(found));
}

const KnownLineSet& known_line_set() {
  static const KnownLineSet set;
  return set;
}

CompiledPatterns::Hits CompiledPatterns::match(std::string_view line, std::vector<int>& scratch) const {
  Hits hits;
  // Asking which ones is dearer than asking whether any.
  if (!filter->Match(piece(line), nullptr)) {
    return hits;
  }
  scratch.clear();
  filter->Match(piece(line), &scratch);
  for (const int index : scratch) {
    if (index == 0) {
      hits.known = true;
    } else if (const auto own_index = static_cast<std::size_t>(index - 1); !hits.own || own_index < *hits.own) {
      hits.own = own_index;
    }
  }
  return hits;
}

LinePatterns::LinePatterns(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
LinePatterns::~LinePatterns() = default;

Result<std::shared_ptr<const LinePatterns>> LinePatterns::compile(std::span<const std::string> patterns) {
  auto checked = check(patterns);
  if (!checked.problems.empty()) {
    return fail(ErrorCode::kInvalid, checked.problems.front());
  }
  auto impl = std::make_unique<Impl>();
  impl->filter = std::move(checked.filter);
  impl->own = std::move(checked.patterns);
  return std::shared_ptr<const LinePatterns>(new LinePatterns(std::move(impl)));
}

std::vector<std::string> LinePatterns::problems(std::span<const std::string> patterns) {
  return check(patterns).problems;
}

}  // namespace remint::detect
