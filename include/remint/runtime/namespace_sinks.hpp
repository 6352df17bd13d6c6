#pragma once
// Several reflectors, each of one namespace, into one sink that takes a relist for the whole truth.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "remint/runtime/reflector.hpp"

namespace remint::runtime {

/// The sink behind is told of single changes only, one at a time: what a relist of one namespace no longer names is
/// removed from it object by object. Thread-safe; the parts are each one reflector's.
class NamespaceSinks {
 public:
  enum class Keep : std::uint8_t {
    kIdentity,  ///< what is removed by a relist is told by name, namespace and UID alone: some 300 bytes an object
    kWhole,     ///< with all that was known of it, for sinks that must decode it
  };
  /// `behind` must outlive it.
  NamespaceSinks(ReflectorSink& behind, Keep keep);
  ~NamespaceSinks();
  /// Another part; lives as long as this. Before any of them is used.
  [[nodiscard]] ReflectorSink& add();

 private:
  class Part;
  ReflectorSink& behind_;
  Keep keep_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Part>> parts_;
};

}  // namespace remint::runtime
