#pragma once
// The seal on a running restart's journal. Its status comes back from the API server, where whoever may write
// `workloadrestarts/status` could have put anything: a forged saved manifest would have Remint create a pod of the
// forger's making, with Remint's rights instead of his own. So each status that Remint goes on from bears a code
// (HMAC-SHA256) that only who has the key can make.
//
// It covers all that decides what is done to which object: the journal's UID; target, strategy and options of the spec;
// phase, step, successor and the whole saved state. Not the words for people, nor the times: who changes those makes a
// deadline pass early or late.
//
// What it does not protect against:
// - Whoever can read the key: exec into Remint's pod, or read its Secret.
// - Stopping. Final phases and Pending need no seal, so a writer of the status can end a restart half-way, or
//   delete the journal's knowledge of it; then a bare pod that is deleted at that moment stays away. Grant
//   `workloadrestarts/status` to Remint alone.
// - An older sealed status of the same journal, put back. It leads to nothing but what this restart was to do anyway:
//     DryRun      the target is another one by then, or gone: Cancelled (as if the phase had been written so).
//     DeletePod   evicts by the old pod's UID only, which never comes back; else like CreatePod.
//     GiveUp      looks, and ends; the old pod gone, like CreatePod.
//     CreatePod   while the new pod exists: nothing is created. Gone, because a person deleted it while the restart
//     still
//                 waited for it: the same pod is created once more.
//     WaitReady   looks, and ends.
//     Evict, ScaleDown, ScaleUp, PatchTemplate and the steps of RollingReplace: are made to be repeated by a replica
//                 that woke up late, which is the same thing.
//   After the end the CRD's transition rules must keep it out: no way from a final phase to another, from Verifying
//   back to Running, nor to a status that is missing. Recreate asks for the finalizer besides, which is off after the
//   end and out of reach of who may write the status only.
// A key is replaced as the API server's encryption keys are: the first of the keys seals, all of them are accepted.
// Give all replicas the new key in the second place, then in the first, and take the old one away when nothing is
// Running any more that it sealed (a seal is made anew with each step). What a key sealed that is not there counts as
// forged.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/result.hpp"

#include "remint/restart/journal.hpp"

namespace remint::restart {

/// For `next`, which is about to be written as the status of `journal`: hex, 64 characters. Empty when `next` needs no
/// seal. next.seal itself is not covered.
[[nodiscard]] std::string seal(const Journal& journal, const JournalStatus& next, std::string_view key);

/// May Remint go on from journal.status? True in Pending and in final phases; else only when status.seal is the one
/// that seal() makes with this key. Never with an empty key. Compares in constant time.
[[nodiscard]] bool sealed(const Journal& journal, std::string_view key);
/// With any of these keys.
[[nodiscard]] bool sealed(const Journal& journal, std::span<const std::string> keys);

/// One key per line, the first one seals; empty lines and space around keys do not count. kInvalid, naming the line but
/// never its text: a key of fewer than 32 bytes, the same key twice, more than 16, or none.
[[nodiscard]] Result<std::vector<std::string>> parse_journal_keys(std::string_view text);

}  // namespace remint::restart
