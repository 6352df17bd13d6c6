// Journals of restarts: people create them, and whoever may write their status can put anything there.
#include "remint/restart/journal.hpp"

#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "remint/restart/seal.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";

Json written(const restart::Journal& journal) {
  Json object = restart::to_object(journal);
  object["status"] = restart::status_patch(journal.status)["status"];
  return object;
}

/// As Remint writes it, and as it comes back from the API server.
restart::Journal there_and_back(const restart::Journal& journal) {
  auto read = restart::parse_journal(*parse_json(dump_json(written(journal))));
  check(read.has_value(), "what was written can be read");
  return *std::move(read);
}

/// What people are told may be cut and redacted once more.
restart::JournalStatus without_words(restart::JournalStatus status) {
  status.message.clear();
  for (restart::Condition& condition : status.conditions) {
    condition.message.clear();
  }
  return status;
}

}  // namespace

void fuzz_journal(std::string_view input) {
  const auto journal = restart::read_journal(input);
  if (!journal) {
    check(!journal.error().message.empty(), "an error says what is wrong");
    return;
  }
  check(!journal->key.name.empty(), "a journal has a name");
  if (!journal->invalid.empty()) {
    return;
  }
  check(journal->status.saved.manifest.size() <= restart::kMaxManifest, "a manifest is within its cap");
  check(journal->spec.confidence >= 0 && journal->spec.confidence <= 1, "a confidence is a share");

  // The first time texts are cut and times lose their fractions; after that nothing is lost any more.
  const auto once = there_and_back(*journal);
  const auto twice = there_and_back(once);
  check(once.spec.target == journal->spec.target && once.spec.strategy == journal->spec.strategy &&
            once.spec.options == journal->spec.options && once.spec.hold == journal->spec.hold,
        "what decides which object is changed, and how, survives being written");
  check(once.status.phase == journal->status.phase && once.status.step == journal->status.step &&
            once.status.saved == journal->status.saved && once.status.successor_uid == journal->status.successor_uid,
        "the saved state survives being written");
  check(without_words(twice.status) == without_words(once.status), "a status that was written is read as it was");

  restart::Journal sealed = *journal;
  sealed.status.seal = restart::seal(sealed, sealed.status, kKey);
  check(restart::sealed(sealed, kKey), "a seal fits what it was made for");
  static_cast<void>(restart::to_past_restart(*journal));
  static_cast<void>(restart::unfinished(*journal));
}

}  // namespace remint::fuzz
