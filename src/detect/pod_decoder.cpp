// Pods make up nearly all of what Remint reads at its start: one pass, and nothing kept that nobody asks for.
#include <algorithm>

#include "object_reader.hpp"
#include "remint/detect/objects.hpp"

namespace remint::detect {
namespace {

using Value = ObjectReader::Value;

constexpr std::size_t kMaxPrograms = 256;
constexpr std::size_t kMaxSecrets = 256;
constexpr std::int64_t kDefaultTokenSeconds = 3600;
constexpr std::int64_t kMaxTokenSeconds = std::int64_t{1} << 32;  // what the API allows
constexpr std::int64_t kMaxRestarts = 1'000'000'000;
constexpr std::size_t kMaxAddresses = 4;  // Kubernetes knows two: one per IP family

class PodDecoder {
 public:
  explicit PodDecoder(bool with_labels) : with_labels_(with_labels) {}

  Result<PodRecord> decode(std::string_view json) {
    const bool fine = reader_.read(json, [this](const char* key, Value value) { return field(key, value); });
    if (!fine) {
      return std::unexpected(reader_.error());
    }
    if (pod_.uid.empty() || pod_.name.empty()) {
      reader_.fail(pod_.uid.empty() ? "metadata.uid" : "metadata.name", "is missing");
      return std::unexpected(reader_.error());
    }
    if (created_) {
      pod_.created = *created_;
    }
    if (pod_.ips.empty() && single_ip_) {
      pod_.ips.push_back(*single_ip_);
    }
    return std::move(pod_);
  }

 private:
  bool field(const char* key, Value value) {
    if (is(key, "metadata")) {
      return reader_.fields(value, "metadata", [this](const char* k, Value v) { return metadata(k, v); });
    }
    if (is(key, "spec")) {
      return reader_.fields(value, "spec", [this](const char* k, Value v) { return spec(k, v); });
    }
    if (is(key, "status")) {
      return reader_.fields(value, "status", [this](const char* k, Value v) { return status(k, v); });
    }
    if (is(key, "kind")) {
      const std::string_view kind = trimmed_token(value);
      return kind == "\"Pod\"" || kind == "null" || reader_.fail("kind", "must be Pod");
    }
    return true;
  }

  bool metadata(const char* key, Value value) {
    if (is(key, "name")) {
      return reader_.text(value, "metadata.name", pod_.name);
    }
    if (is(key, "namespace")) {
      return reader_.text(value, "metadata.namespace", pod_.ns);
    }
    if (is(key, "uid")) {
      return reader_.text(value, "metadata.uid", pod_.uid);
    }
    if (is(key, "resourceVersion")) {
      return reader_.text(value, "metadata.resourceVersion", pod_.resource_version);
    }
    if (is(key, "creationTimestamp")) {
      return reader_.time(value, "metadata.creationTimestamp", created_);
    }
    if (is(key, "deletionTimestamp")) {
      return reader_.time(value, "metadata.deletionTimestamp", pod_.deleting);
    }
    if (is(key, "ownerReferences")) {
      return reader_.controller(value, pod_.owner);
    }
    if (is(key, "annotations")) {
      return reader_.fields(value, "metadata.annotations", [this](const char* k, Value v) { return annotation(k, v); });
    }
    if (is(key, "labels")) {
      return with_labels_
                 ? reader_.labels(value, "metadata.labels", pod_.labels)
                 : reader_.fields(value, "metadata.labels", [this](const char* k, Value v) { return revision(k, v); });
    }
    return true;
  }

  bool annotation(const char* key, Value value) {
    pod_.mirror = pod_.mirror || is(key, "kubernetes.io/config.mirror");
    return reader_.own_annotation(key, value, pod_.annotations);
  }

  bool revision(const char* key, Value value) {
    return !(is(key, "pod-template-hash") || is(key, "controller-revision-hash")) ||
           reader_.text(value, "metadata.labels", pod_.revision);
  }

  bool spec(const char* key, Value value) {
    if (is(key, "nodeName")) {
      return reader_.text(value, "spec.nodeName", pod_.node);
    }
    if (is(key, "hostNetwork")) {
      return reader_.flag(value, "spec.hostNetwork", pod_.host_network);
    }
    if (is(key, "serviceAccountName")) {
      return reader_.text(value, "spec.serviceAccountName", pod_.service_account);
    }
    if (is(key, "volumes")) {
      return reader_.items(value, "spec.volumes", [this](Value item) { return volume(item); });
    }
    return !is(key, "containers") ||
           reader_.items(value, "spec.containers", [this](Value item) { return container(item); });
  }

  bool container(Value item) {
    return reader_.fields(item, "spec.containers", [this](const char* key, Value value) {
      if (is(key, "name") || is(key, "image")) {
        std::string text;
        if (!reader_.text(value, "spec.containers", text)) {
          return false;
        }
        add_program(text);
        return true;
      }
      return !is(key, "command") || reader_.items(value, "spec.containers.command", [this](Value word) {
        std::string_view text;
        if (unquote(trimmed_token(word), text)) {
          add_program(text);
        }
        return true;
      });
    });
  }

  bool volume(Value item) {
    return reader_.fields(item, "spec.volumes", [this](const char* key, Value value) {
      if (is(key, "secret")) {
        return reader_.fields(value, "spec.volumes.secret",
                              [this](const char* k, Value v) { return !is(k, "secretName") || add_secret(v); });
      }
      return !is(key, "projected") || reader_.fields(value, "spec.volumes.projected", [this](const char* k, Value v) {
        return !is(k, "sources") ||
               reader_.items(v, "spec.volumes.projected.sources", [this](Value source) { return projected(source); });
      });
    });
  }

  bool add_secret(Value value) {
    std::string name;
    if (!reader_.text(value, "spec.volumes.secret.secretName", name)) {
      return false;
    }
    if (pod_.secrets.size() + name.size() < kMaxSecrets) {
      pod_.secrets.append(name).append(1, '\n');
    }
    return true;
  }

  bool projected(Value source) {
    return reader_.fields(source, "spec.volumes.projected.sources", [this](const char* key, Value value) {
      return !is(key, "serviceAccountToken") || token(value);
    });
  }

  /// A token for another audience is not for the API server, and says nothing here.
  bool token(Value value) {
    constexpr std::string_view kPath = "spec.volumes.projected.sources.serviceAccountToken";
    std::string audience;
    std::int64_t seconds = kDefaultTokenSeconds;
    const bool fine = reader_.fields(value, kPath, [&](const char* key, Value field) {
      if (is(key, "audience")) {
        return reader_.text(field, kPath, audience);
      }
      return !is(key, "expirationSeconds") || reader_.number(field, kPath, seconds);
    });
    if (audience.empty() && seconds > 0 && seconds < kMaxTokenSeconds) {
      pod_.token_lifetime = std::max(pod_.token_lifetime, std::chrono::seconds(seconds));
    }
    return fine;
  }

  /// Only the last part of a path: the registry and the folder are not what a program calls itself.
  void add_program(std::string_view text) {
    const std::size_t left = kMaxPrograms - std::min(kMaxPrograms, pod_.programs.size());
    text = text.substr(0, text.find('@'));
    const std::string_view name = text.substr(text.rfind('/') + 1);
    if (!name.empty() && name.size() < left) {
      pod_.programs.append(name).append(1, '\n');
    }
  }

  bool status(const char* key, Value value) {
    if (is(key, "phase")) {
      const std::string_view phase = trimmed_token(value);
      pod_.finished = phase == "\"Succeeded\"" || phase == "\"Failed\"";
      return true;
    }
    if (is(key, "startTime")) {
      return reader_.time(value, "status.startTime", pod_.started);
    }
    if (is(key, "podIP")) {
      return address(value, "status.podIP", single_ip_);
    }
    if (is(key, "podIPs")) {
      return reader_.items(value, "status.podIPs", [this](Value item) { return pod_ip(item); });
    }
    if (is(key, "containerStatuses")) {
      return reader_.items(value, "status.containerStatuses", [this](Value item) { return container_status(item); });
    }
    return !is(key, "conditions") || reader_.condition(value, R"("Ready")", R"("True")", pod_.ready);
  }

  bool container_status(Value item) {
    ContainerState state;
    const bool fine = reader_.fields(item, "status.containerStatuses", [&](const char* key, Value value) {
      if (is(key, "name")) {
        return reader_.text(value, "status.containerStatuses.name", state.name);
      }
      if (is(key, "restartCount")) {
        std::int64_t restarts = 0;
        const bool read = reader_.number(value, "status.containerStatuses.restartCount", restarts);
        state.restarts = static_cast<std::uint32_t>(std::clamp(restarts, std::int64_t{0}, kMaxRestarts));
        return read;
      }
      if (is(key, "state")) {
        return container_now(value, state);
      }
      return !is(key, "lastState") || container_before(value, state);
    });
    if (!state.name.empty() && pod_.containers.size() < PodRecord::kMaxContainers) {
      pod_.containers.push_back(std::move(state));
    }
    return fine;
  }

  bool container_now(Value value, ContainerState& state) {
    constexpr std::string_view kPath = "status.containerStatuses.state";
    return reader_.fields(value, kPath, [&](const char* key, Value what) {
      if (is(key, "running")) {
        return reader_.fields(what, kPath, [&](const char* k, Value v) {
          return !is(k, "startedAt") || reader_.time(v, kPath, state.running_since);
        });
      }
      return !is(key, "waiting") || reader_.fields(what, kPath, [&](const char* k, Value v) {
        state.crash_looping = state.crash_looping || (is(k, "reason") && trimmed_token(v) == "\"CrashLoopBackOff\"");
        return true;
      });
    });
  }

  bool container_before(Value value, ContainerState& state) {
    constexpr std::string_view kPath = "status.containerStatuses.lastState";
    return reader_.fields(value, kPath, [&](const char* key, Value what) {
      return !is(key, "terminated") || reader_.fields(what, kPath, [&](const char* k, Value v) {
        if (is(k, "exitCode")) {
          std::int64_t code = 0;
          const bool read = reader_.number(v, kPath, code);
          state.exit_code = static_cast<std::int32_t>(std::clamp(code, -kMaxRestarts, kMaxRestarts));
          return read;
        }
        if (is(k, "startedAt")) {
          return reader_.time(v, kPath, state.last_began);
        }
        return !is(k, "finishedAt") || reader_.time(v, kPath, state.last_ended);
      });
    });
  }

  bool pod_ip(Value item) {
    return reader_.fields(item, "status.podIPs", [this](const char* key, Value value) {
      std::optional<IpAddress> ip;
      if (!is(key, "ip")) {
        return true;
      }
      if (!address(value, "status.podIPs.ip", ip)) {
        return false;
      }
      if (ip && pod_.ips.size() < kMaxAddresses) {
        pod_.ips.push_back(*ip);
      }
      return true;
    });
  }

  bool address(Value value, std::string_view path, std::optional<IpAddress>& out) {
    std::string spelled;
    if (!reader_.text(value, path, spelled)) {
      return false;
    }
    out = IpAddress::parse(spelled);
    return out || spelled.empty() || reader_.fail(path, "must be an IP address");
  }

  ObjectReader reader_{"pod"};
  bool with_labels_;
  PodRecord pod_;
  std::optional<Time> created_;
  std::optional<IpAddress> single_ip_;
};

}  // namespace

Result<PodRecord> decode_pod(std::string_view json) {
  auto pod = PodDecoder(false).decode(json);
  if (!pod || !pod->owner.empty()) {
    return pod;
  }
  return PodDecoder(true).decode(json);  // bare pods are few
}

}  // namespace remint::detect
