#pragma once
// The manifest of a bare pod, so that it can be created again as people wrote it: without what the API server, its
// admission plugins and the node added to it.

#include <string>
#include <string_view>

#include "remint/base/json.hpp"
#include "remint/restart/journal.hpp"

namespace remint::restart {

/// On the new pod: the UID of the WorkloadRestart that created it. So that after a crash our own creation is told from
/// somebody else's.
inline constexpr std::string_view kRestartedBy = "remint.dev/restarted-by";

/// Of `pod`, an object as the API server sends it. What a person may have written stays, even where admission would
/// add the same again. Cleaning what is clean changes nothing: manifest_problem() builds on that.
[[nodiscard]] Json clean_pod(const Json& pod, bool keep_node);
// pod_tokens.cpp: takes away the token volumes, with their mounts, that admission put into this spec.
void drop_injected_tokens(Json& spec);

/// The cleaned pod that bears the mark kRestartedBy: what is saved and later created. JSON text.
[[nodiscard]] Result<std::string> manifest_of(std::string_view pod, const Journal& journal);
/// The same under a name that the API server makes up: for asking whether it would be created, while the old one has
/// the name.
[[nodiscard]] std::string under_generated_name(const std::string& manifest);
/// Why status.saved.manifest is not one that manifest_of() made for this journal's pod; empty: it is. What is inside
/// the containers no look at it can tell; that is what the seal is for.
[[nodiscard]] std::string manifest_problem(const Journal& journal);
/// Did somebody change the pod's spec or labels since the manifest was saved?
[[nodiscard]] bool edited_since(std::string_view pod, const Journal& journal);

/// Does this pod bear the mark of this journal?
[[nodiscard]] bool made_by(std::string_view pod, const Journal& journal);
/// Its own grace period, within sane bounds.
[[nodiscard]] Duration grace_period(std::string_view pod);
/// "phase Pending: 0/3 nodes are available", "container app: ImagePullBackOff": for people.
[[nodiscard]] std::string pod_trouble(std::string_view pod);
/// status.phase
[[nodiscard]] std::string pod_phase(std::string_view pod);

}  // namespace remint::restart
