#include "remint/restart/seal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "remint/base/text.hpp"

namespace remint::restart {
namespace {

/// Each field with its length in front, each list with its count: no two journals give the same text, wherever one
/// field ends and the next begins.
class Encoder {
 public:
  Encoder& operator<<(std::string_view field) {
    text_ += std::to_string(field.size());
    text_ += ':';
    text_ += field;
    return *this;
  }
  Encoder& operator<<(std::int64_t number) { return *this << std::string_view(std::to_string(number)); }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void encode(Encoder& out, const JournalSpec& spec) {
  out << spec.target.api_version << spec.target.kind << spec.target.ns << spec.target.name << spec.target.uid;
  out << to_string(spec.strategy) << std::int64_t{spec.options.update_period.count()}
      << std::int64_t{spec.options.keep_new_name} << std::int64_t{spec.options.keep_node};
}

void encode(Encoder& out, const SavedState& saved) {
  out << saved.uid << saved.restarted_at << saved.previous_restarted_at << saved.generation_before;
  out << std::int64_t{saved.replicas.has_value()} << saved.replicas.value_or(0);
  out << static_cast<std::int64_t>(saved.pods.size());
  for (const SavedPod& pod : saved.pods) {
    out << pod.name << pod.uid;
  }
  out << saved.manifest << saved.successor;
}

bool needs_seal(Phase phase) { return phase == Phase::kRunning || phase == Phase::kVerifying; }

}  // namespace

std::string seal(const Journal& journal, const JournalStatus& next, std::string_view key) {
  if (!needs_seal(next.phase)) {
    return "";
  }
  Encoder text;
  text << "remint.dev/seal/1" << journal.uid;
  encode(text, journal.spec);
  text << to_string(next.phase) << next.step << next.successor_uid;
  encode(text, next.saved);
  return hmac_sha256_hex(key, text.text());
}

bool sealed(const Journal& journal, std::string_view key) {
  if (!needs_seal(journal.status.phase)) {
    return true;
  }
  return !key.empty() && same_secret(journal.status.seal, seal(journal, journal.status, key));
}

bool sealed(const Journal& journal, std::span<const std::string> keys) {
  return !needs_seal(journal.status.phase) ||
         std::ranges::any_of(keys, [&](const std::string& key) { return sealed(journal, std::string_view(key)); });
}

Result<std::vector<std::string>> parse_journal_keys(std::string_view text) {
  constexpr std::size_t kShortest = 32;
  constexpr std::size_t kMost = 16;
  constexpr std::string_view kSpace = " \t\r";
  constexpr std::string_view kAdvice = "make one with openssl rand -hex 32";
  std::vector<std::string> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
    line = line.substr(0, line.find_last_not_of(kSpace) + 1);
    if (line.empty()) {
      continue;
    }
    if (line.size() < kShortest) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("line {} holds a key of fewer than {} bytes: {}", number, kShortest, kAdvice));
    }
    if (std::ranges::find(keys, line) != keys.end()) {
      return fail(ErrorCode::kInvalid, fmt::format("line {} holds a key that is there already", number));
    }
    if (keys.size() == kMost) {
      return fail(ErrorCode::kInvalid, fmt::format("more than {} keys: take away those that seal nothing", kMost));
    }
    keys.emplace_back(line);
  }
  if (keys.empty()) {
    return fail(ErrorCode::kInvalid, fmt::format("no key is in it: {}", kAdvice));
  }
  return keys;
}

}  // namespace remint::restart
