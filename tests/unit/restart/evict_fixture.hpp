#pragma once
// A restart by EvictPods, and the pods that it sees.

#include "fixture.hpp"

namespace remint::restart::evicting {

inline const Time kNow = at("2026-07-01T10:28:00.7Z");

inline PodState pod(const std::string& name, bool ready = true) {
  PodState state;
  state.name = name;
  state.uid = "uid-" + name;
  state.controller_uid = "uid-cart";
  state.created = kNow - hours(50);
  state.ready = ready;
  if (ready) {
    state.ready_since = state.created;
  }
  return state;
}

inline PodState new_pod(const std::string& name, Time since) {
  PodState state = pod(name);
  state.uid = "uid-new-" + name;
  state.created = kNow + seconds(5);
  state.ready_since = since;
  return state;
}

inline Journal asked(const std::string& kind = "Deployment") {
  Journal journal = pending_journal(kind);
  journal.spec.strategy = Strategy::kEvictPods;
  return journal;
}

inline Observation three_pods() {
  Observation observation = see(settled_target());
  observation.pods = {pod("cart-0"), pod("cart-1"), pod("cart-2")};
  return observation;
}

/// Two of three are to be evicted, and the first eviction was asked for at kNow.
inline Journal begun() {
  Journal journal = asked();
  journal.spec.pods = {"cart-0", "cart-1"};
  journal.status = step(journal, three_pods(), {}, kNow).status;
  REQUIRE(journal.status.step == "Evict");
  return journal;
}

/// cart-0 is replaced, and its replacement was Ready at `ready`.
inline Observation one_replaced(Time ready) {
  Observation observation = three_pods();
  (*observation.pods)[0] = new_pod("cart-x", ready);
  observation.verification = VerificationInput{1, 1, 0, 1};
  return observation;
}

inline Observation answered(Observation observation, ErrorCode code, const std::string& message) {
  observation.answer = Answer{false, code, message};
  return observation;
}

inline const Evict* eviction_of(const Step& step) { return find<Evict>(step); }

}  // namespace remint::restart::evicting
