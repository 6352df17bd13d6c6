#pragma once
// What container runtimes put around each line of a container's log.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "remint/base/time.hpp"

namespace remint::detect {

/// A line, or a piece of one: runtimes cut lines at 16 KiB.
struct LogPiece {
  std::string_view text;
  std::optional<Time> written;  ///< by the runtime
  bool whole = true;            ///< the line ends here
  bool error_stream = false;    ///< stderr: pieces of the two streams are mixed
};

/// "2026-01-02T03:04:05.678901234Z stderr F text" (CRI), "2026-01-02T03:04:05.678901234Z text" (kubectl logs
/// --timestamps), or the line as it is.
[[nodiscard]] LogPiece unwrap_cri(std::string_view line);

/// docker's json-file: {"log":"text\n","stream":"stderr","time":"..."}. Nothing when it is another object. The text
/// lies in `object`.
[[nodiscard]] std::optional<LogPiece> unwrap_docker(const nlohmann::json& object);

/// Whether a JSON line, not yet parsed, could be a piece that another one follows.
[[nodiscard]] bool may_be_docker_piece(std::string_view json_text);

}  // namespace remint::detect
