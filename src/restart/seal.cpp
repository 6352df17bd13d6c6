#include "remint/restart/seal.hpp"

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

bool needs_seal(Phase phase) { return phase != Phase::kPending && !is_final(phase); }

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

}  // namespace remint::restart
