#include "credentials.hpp"

#include <algorithm>

namespace remint::detect {

Duration Credentials::used(std::uint64_t id, Time at) {
  for (Credential& credential : credentials_) {
    if (credential.id == id) {
      credential.first = std::min(credential.first, at);
      credential.last = std::max(credential.last, at);
      return credential.last - credential.first;
    }
  }
  if (credentials_.size() < kMax) {
    credentials_.reserve(credentials_.size() + 1);  // most pods have one, for an hour two
    credentials_.push_back({id, at, at});
    return Duration::zero();
  }
  const auto oldest = std::ranges::min_element(credentials_, {}, &Credential::last);
  if (oldest->last < at) {
    *oldest = {id, at, at};
  }
  return Duration::zero();
}

const Credential* Credentials::longest(Time now, Duration recently) const {
  const Credential* found = nullptr;
  for (const Credential& credential : credentials_) {
    if (now - credential.last > recently) {
      continue;
    }
    if (found == nullptr || credential.last - credential.first > found->last - found->first) {
      found = &credential;
    }
  }
  return found;
}

}  // namespace remint::detect
