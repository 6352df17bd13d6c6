#pragma once
// Named checks behind /healthz and /readyz. The open endpoint names the failing checks and never prints their error
// texts (those go to the log); "?verbose" lists all names.

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "remint/base/result.hpp"
#include "remint/http/server.hpp"

namespace remint::http {

/// Thread-safe. A failure is logged when it begins and when its text changes, not at every probe.
class Health {
 public:
  /// A check returns an empty Result when all is well. It is called on the server's thread and must not block.
  using Check = std::function<Result<void>()>;
  void add(std::string name, Check check);
  /// 200 "ok" or 503 "[-]name failed: reason withheld".
  [[nodiscard]] Response answer(const Request& request) const;

 private:
  struct Named {
    std::string name;
    Check check;
    std::string logged;  ///< the failure that the log has already: probes come every few seconds
  };
  mutable std::mutex mutex_;
  mutable std::vector<Named> checks_;
};

}  // namespace remint::http
