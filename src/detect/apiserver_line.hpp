#pragma once
// One whole line of kube-apiserver's log, in klog's text or JSON format, to what it says.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "remint/detect/apiserver_log.hpp"

namespace remint::detect {

/// How the messages begin that are reasons; in any case of letters.
inline constexpr std::string_view kFailedMessage = "unable to authenticate the request";
inline constexpr std::string_view kAudienceMessage = "unable to match the audience";
/// What audit records keep of one, too.
inline constexpr std::size_t kLongestAuditId = 256;

/// What became of a line.
enum class LineVerdict : std::uint8_t { kIgnored, kInvalid, kMatters };

/// What is known about a line's time beside what it says itself.
struct LineTime {
  const LogClock& clock;
  std::optional<Time> written;  ///< by the container runtime
};

/// The text format. `line` is filled in with kMatters only.
[[nodiscard]] LineVerdict read_text_line(std::string_view text, const LineTime& when, ApiServerLine& line);

/// Whether a JSON line can matter at all: parsing all of them would cost a hundred times more.
[[nodiscard]] bool may_matter(std::string_view json_text);
/// The JSON format: an object, parsed.
[[nodiscard]] LineVerdict read_json_line(const nlohmann::json& object, const LineTime& when, ApiServerLine& line);

/// "10.0.0.1:53422", "[fd00::1]:53422", with or without port.
[[nodiscard]] std::optional<IpAddress> read_socket_address(std::string_view text);

}  // namespace remint::detect
