#include "remint/detect/clue.hpp"

namespace remint::detect {

std::string_view to_string(ClueSource source) {
  switch (source) {
    case ClueSource::kPodLog:
      return "pod-log";
    case ClueSource::kKubernetesEvent:
      return "kubernetes-event";
  }
  return "unknown";
}

}  // namespace remint::detect
