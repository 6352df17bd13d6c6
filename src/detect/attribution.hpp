#pragma once
// From the candidates for one rejected caller to a verdict: whose token it is, how sure we are, and why, as a person
// would argue it. Pure.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/object.hpp"
#include "remint/base/time.hpp"
#include "weigh.hpp"

namespace remint::detect {

/// One pod that may have sent the requests.
struct Candidate {
  std::string uid, name;
  ObjectRef workload;
  Signs signs;
  bool alive = true;  ///< false: terminating or gone. It may be who it was; nothing is left to restart
};

/// What the rejections of one caller have in common.
struct CallerFacts {
  std::string address;
  std::string place;    ///< "the address of node n1", "an address that pods share (12 heard from there)"
  std::string agent;    ///< sanitized; empty: none
  std::string request;  ///< "configmaps in shop"
};

struct Verdict {
  struct Blamed {
    std::string uid;
    Time last_success = Time::min();  ///< rejections up to then are not its own
  };
  std::string workload_uid;  ///< empty: there is nobody to name
  double confidence = 0;
  std::vector<Blamed> pods;  ///< of that workload, alive
  std::string others;  ///< "Deployment shop/web (45 %), ...": who else it may have been; empty: nobody in particular
  std::vector<std::string> reasons;
  std::vector<std::string> suspects;  ///< UIDs of those it may be, alive, likeliest first, at most Case::kMaxSuspects
};

/// `rest`: the weight of the pods around that are not worth being candidates.
[[nodiscard]] Verdict judge(const CallerFacts& caller, const std::vector<Candidate>& candidates, double rest = 0);

/// The words of a user agent that may name its program: "shop-operator" of "shop-operator/v1 (linux/amd64) ...". Empty
/// for the generic ones that any program may show.
[[nodiscard]] std::string_view program_of(std::string_view agent);

}  // namespace remint::detect
