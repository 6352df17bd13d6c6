#pragma once
// Decoding of audit.k8s.io/v1 bodies into compact records: only what attribution needs, one arena per batch, no
// allocation per event. Facts: kubernetes.md sections 2, 3 and 5.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/ip.hpp"
#include "remint/base/result.hpp"
#include "remint/base/time.hpp"

namespace remint::detect {

enum class AuditKind : std::uint8_t {
  kRejected,  ///< code 401 and an empty user: a token that failed
  kAccepted,  ///< authenticated as a ServiceAccount, and user.extra names the pod; any code but 401
};

/// A piece of AuditBatch's arena.
struct ArenaText {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

/// One event that matters. Texts live in the batch's arena.
struct AuditRecord {
  AuditKind kind = AuditKind::kAccepted;
  std::uint16_t code = 0;           ///< responseStatus.code; 0 when absent
  Time received{};                  ///< requestReceivedTimestamp: when the token was checked
  Time staged{};                    ///< stageTimestamp
  std::optional<IpAddress> source;  ///< the LAST element of sourceIPs; absent when missing or not an address
  std::uint64_t dedup = 0;          ///< 64-bit hash of (auditID, stage)
  std::uint64_t agent = 0;          ///< hash of the user agent; an absent one is a value of its own
  /// Hash of what was asked for: resource and namespace, of a Lease its name too (each program has its own), of another
  /// request its path. The verb is not in it: a client whose watch breaks lists.
  std::uint64_t shape = 0;
  std::uint64_t credential = 0;  ///< kAccepted: hash of the credential id (JTI); 0: none
  ArenaText audit_id, verb, uri, user_agent, resource,
      ns;                                  ///< kRejected only, but user_agent always; ns: objectRef.namespace
  ArenaText pod_uid, pod_name, user_name;  ///< kAccepted; user_name is system:serviceaccount:NS:SA
  std::int64_t stale_seconds =
      -1;  ///< "seconds after warning threshold" of the stale-token annotation; -1: no annotation
};

/// The records of one body. Reusable: clear() keeps the memory.
class AuditBatch {
 public:
  std::vector<AuditRecord> records;
  std::string arena;
  [[nodiscard]] std::string_view text(ArenaText t) const { return std::string_view(arena).substr(t.offset, t.size); }
  ArenaText add(std::string_view text);
  void clear();
  [[nodiscard]] std::size_t bytes() const { return arena.capacity() + records.capacity() * sizeof(AuditRecord); }
};

/// What became of a body's events: events == records added + ignored + invalid.
struct AuditReport {
  std::uint64_t events = 0;    ///< seen in the body
  std::uint64_t rejected = 0;  ///< records of kRejected
  std::uint64_t stale = 0;     ///< records with a stale-token annotation
  std::uint64_t ignored = 0;   ///< not of interest: other users, RequestReceived, ...
  std::uint64_t invalid = 0;   ///< not an audit event: wrong types, no timestamp, over the caps
  std::optional<Error>
      broken;  ///< the body is not valid JSON from here on (message has the offset); earlier events were kept
};

/// Not thread-safe: one decoder per thread; it owns the parser and its padded buffer (kept up to 16 MB between calls).
class AuditDecoder {
 public:
  AuditDecoder();
  ~AuditDecoder();
  AuditDecoder(const AuditDecoder&) = delete;
  AuditDecoder& operator=(const AuditDecoder&) = delete;

  /// Appends to `batch`. `body` is an EventList, one event, an array of events, or JSON lines of any of these; UTF-8
  /// BOM and surrounding white space are fine. Never throws. Text caps: user agent and URI 1 KiB, other texts 256 bytes
  /// (cut). A single event is capped at 4 MiB; depth costs nothing, as what is not read is skipped without recursion.
  /// In JSON lines a bad line is one invalid event and the next line is read; elsewhere nothing is read after a break
  /// in the structure, since a string's inside could then be taken for an event.
  AuditReport decode(std::string_view body, AuditBatch& batch);
  /// The same for what is known to be JSON lines, whatever the first one looks like. Each ends with a line feed.
  AuditReport decode_lines(std::string_view lines, AuditBatch& batch);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::detect
