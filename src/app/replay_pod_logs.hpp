#pragma once
// The pods' logs of a replay: a folder of files <namespace>_<pod>_<container>.log, also .gz, with lines as
// `kubectl logs --timestamps` prints them.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "remint/controllers/detection_engine.hpp"
#include "remint/detect/pod_log.hpp"

namespace remint::app {

/// Reads each file as `run` follows a pod: when a policy with podLog.enabled speaks for the pod of that name, with that
/// policy's patterns, and each line when its time has come.
class PodLogPlayer {
 public:
  /// "": no logs. A folder or file that cannot be read is an error.
  [[nodiscard]] static Result<PodLogPlayer> read(const std::string& folder);

  /// The time of the earliest line that is still to come.
  [[nodiscard]] std::optional<Time> next() const;
  /// Lines up to then; what they say, by time.
  [[nodiscard]] std::vector<detect::Clue> advance(const controllers::DetectionEngine& engine, Time until);
  /// Pods or policies have changed.
  void changed() { targets_are_old_ = true; }
  /// Files that are named otherwise.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  /// For the end of the recording: what a person should know about the lines.
  [[nodiscard]] std::vector<std::string> remarks() const;

 private:
  struct File {
    std::string path, ns, pod, container, text;
    std::size_t position = 0;    ///< of the next line
    std::optional<Time> next{};  ///< its time; nothing: there is none
    std::string uid{};           ///< of the pod that the reader is for
    std::shared_ptr<const std::vector<std::string>> patterns{};
    std::optional<detect::PodLogReader> reader{};
    std::optional<Time> started{};
    std::uint64_t unread = 0, untimed = 0;
  };

  void look_at_targets(const controllers::DetectionEngine& engine);
  static void find_next(File& file);

  std::vector<File> files_;
  std::map<std::shared_ptr<const std::vector<std::string>>, std::shared_ptr<const detect::LinePatterns>> compiled_;
  bool targets_are_old_ = true;
  std::vector<std::string> warnings_;
};

}  // namespace remint::app
