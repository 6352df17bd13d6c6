#pragma once
// kube-apiserver's own log: the only place that says why a token was rejected. Facts: kubernetes.md section 1,
// control-plane.md "Real dead tokens".

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "remint/base/ip.hpp"
#include "remint/base/time.hpp"
#include "remint/base/words.hpp"

namespace remint::detect {

/// One line of the log that matters. All texts are bounded: `text` 512 bytes, the others 320.
struct ApiServerLine {
  enum class Kind : std::uint8_t {
    kReason,   ///< "Unable to authenticate the request", "unable to match the audience": why, but not who
    kRequest,  ///< the httplog line (only with -v=3) of an answer 401: who, but not why
  };
  Kind kind = Kind::kReason;
  Diagnosis diagnosis = Diagnosis::kUnknown;  ///< kReason: what the text says
  Time time{};                                ///< when it was written
  std::string text;                 ///< kReason: the error, sanitized, without the outer "[invalid bearer token, ...]"
  std::string pod_uid;              ///< kReason: of the pod that NOW bears the name, where the text says so
  std::string service_account_uid;  ///< kReason: the ServiceAccount's present UID, where the text says so
  std::string service_account;      ///< kReason: "namespace/name", where the text says so
  std::string audit_id;             ///< kRequest, Kubernetes >= 1.22; chosen by the client if it likes
  std::optional<IpAddress> source;  ///< kRequest: the connection's other end, without port; no header can forge it
};

/// What klog's text format leaves out: it prints neither year nor zone.
struct LogClock {
  Time reference{};       ///< about now, or when the recording was made: the year is the one that comes closest
  Duration utc_offset{};  ///< local time minus UTC of the API server's process; containers run in UTC
};

struct ApiServerLogLimits {
  /// Of a line, joined pieces included. Longer ones are skipped. One with a URI of 100 KB still fits.
  std::size_t line_bytes = 256U << 10U;
};

/// lines == reasons + requests + ignored + too_long + invalid. Pieces that a container runtime cut are one line.
struct ApiServerLogCounts {
  std::uint64_t lines = 0;
  std::uint64_t reasons = 0;   ///< lines of Kind::kReason
  std::uint64_t requests = 0;  ///< lines of Kind::kRequest
  std::uint64_t ignored = 0;   ///< anything else, empty and binary lines too
  std::uint64_t too_long = 0;
  std::uint64_t invalid = 0;  ///< would matter, but has no usable time, or is cut or malformed
};

/// Reads a stream of bytes: klog's text format, old (<= 1.20) and structured, and its JSON format; each bare, with the
/// prefix of CRI log files ("TIME stderr F ", pieces marked P are joined), with a time in front as `kubectl logs
/// --timestamps` prints it, or wrapped by docker's json-file driver. Formats may change from line to line.
///
/// A header counts at the start of a line only, so a message cannot forge one: klog quotes or indents line ends.
/// Where a container runtime's time is in front, it settles year and zone, and klog's own time gives the microseconds.
/// Not thread-safe; no clock: one parser per file.
class ApiServerLogParser {
 public:
  using Visitor = std::function<void(ApiServerLine&&)>;

  explicit ApiServerLogParser(ApiServerLogLimits limits = {});
  ~ApiServerLogParser();
  ApiServerLogParser(const ApiServerLogParser&) = delete;
  ApiServerLogParser& operator=(const ApiServerLogParser&) = delete;

  /// Takes the next bytes, cut anywhere, and calls `visit` for each line that matters, in the order of the stream.
  void feed(std::string_view bytes, const LogClock& clock, const Visitor& visit);
  /// The stream is over (or was rotated): what is left is a line. The parser can then be fed another stream.
  void finish(const LogClock& clock, const Visitor& visit);
  /// The next bytes may begin within a line: that line's rest is dropped, and not counted.
  void begin_within_line();

  [[nodiscard]] const ApiServerLogCounts& counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::detect
