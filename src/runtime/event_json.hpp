#pragma once
// The JSON of events.k8s.io/v1, within the limits of its validation.

#include <string>

#include "event_series.hpp"

namespace remint::runtime {

[[nodiscard]] std::string event_body(const EventSeries::Create& event, const std::string& instance);
/// A merge patch: of an existing Event only the series may change.
[[nodiscard]] std::string series_patch(const EventSeries::Update& update);

}  // namespace remint::runtime
