#pragma once
// Kill switches, asked for anew: the Lease's annotation for the cluster, spec.suspend for a policy's restarts.

#include <stop_token>
#include <string>

#include "remint/kube/client.hpp"
#include "remint/restart/journal.hpp"

namespace remint::app {

/// Thread-safe.
class Suspension {
 public:
  /// `cluster_policies`: false where no Role lets us read them.
  Suspension(kube::Client& reader, ObjectKey lease, bool cluster_policies)
      : reader_(reader), lease_(std::move(lease)), cluster_policies_(cluster_policies) {}

  /// Who says at this moment that this restart is to stand still; "": nobody.
  [[nodiscard]] Result<std::string> of(const restart::Journal& journal, const std::stop_token& stop) const;

 private:
  kube::Client& reader_;
  ObjectKey lease_;
  bool cluster_policies_;
};

}  // namespace remint::app
