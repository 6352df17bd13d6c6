#pragma once
// klog's time: "0514 15:31:13.734348", month and day, local time of the process, no year, no zone.

#include <optional>
#include <string_view>

#include "remint/detect/apiserver_log.hpp"

namespace remint::detect {

/// Characters of klog's time.
inline constexpr std::size_t kKlogTimeSize = std::string_view("0514 15:31:13.734348").size();

/// `written`: what the container runtime put in front of the line, if it did. Nothing when `text` is no time.
[[nodiscard]] std::optional<Time> read_klog_time(std::string_view text, std::optional<Time> written,
                                                 const LogClock& clock);

}  // namespace remint::detect
