#pragma once
// Audit events and API-server log lines in what others put around them on the way: log services of clouds, log
// collectors. Recognised by content. Facts: kubernetes.md section 9; the forms are listed in deploy/sources.md.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/result.hpp"

namespace remint::detect {

struct ShippedLimits {
  std::size_t unpacked_bytes = 64U << 20U;  ///< that base64 and gzip inside of one body may give, all together
  std::size_t document_bytes =
      8U << 20U;             ///< of one JSON value (its tree takes up to 13 times as much); lines are many
  std::size_t streams = 64;  ///< told apart in one body; lines of further ones go to the last
};

/// What was found. Reusable: clear() keeps the memory.
struct ShippedBody {
  struct Lines {
    std::string stream;  ///< which API server, as the sender names it, at most 256 bytes; empty: it does not say
    std::string text;    ///< each line with its line feed
  };
  std::string events;       ///< audit events for AuditDecoder::decode_lines. Those at the top level are not among them
  std::vector<Lines> logs;  ///< lines of API servers' logs
  std::uint64_t plain =
      0;  ///< audit events and lists of them at the top level, which AuditDecoder::decode reads itself
  std::uint64_t invalid = 0;  ///< records without anything of use; base64 or gzip that does not unpack; over the caps
  std::uint64_t foreign =
      0;                   ///< records of another program than an API server, by what the sender says of their origin
  bool envelope = false;   ///< there is something around the records; else the body is no matter for this reader
  std::string request_id;  ///< of a Firehose delivery: its answer has to repeat it
  std::optional<Error> problem{};  ///< of the first invalid record, or where the JSON breaks
  bool broken = false;             ///< the JSON breaks; what was before it was read

  void clear();
};

/// Reads CloudWatch Logs subscriptions, Firehose deliveries, Event Hub records, Pub/Sub pushes, OTLP/JSON, and objects
/// that carry a record in "message", "log", "body", "event" or "content", within each other, too.
///
/// Only members that such envelopes are known for are looked into, never an audit event itself, whose texts callers
/// choose. A record that names its container is taken only from kube-apiserver in kube-system or
/// openshift-kube-apiserver: else a pod could print events that were never there.
///
/// Google's audit log is not audit.k8s.io; it is translated as far as it goes: no pod, one time, a code where the
/// status has one. Not thread-safe; no clock, no recursion beyond a bound.
class ShippedReader {
 public:
  explicit ShippedReader(ShippedLimits limits = {});
  ~ShippedReader();
  ShippedReader(const ShippedReader&) = delete;
  ShippedReader& operator=(const ShippedReader&) = delete;

  /// Adds to `found`. Never throws.
  void read(std::string_view body, ShippedBody& found);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::detect
