// Controllers, nodes and namespaces: hundreds where there are thousands of pods.
#include "object_reader.hpp"
#include "remint/detect/objects.hpp"

namespace remint::detect {
namespace {

using Value = ObjectReader::Value;

class WorkloadDecoder {
 public:
  WorkloadDecoder(std::string_view api_version, std::string_view kind) {
    workload_.ref.api_version = api_version;
    workload_.ref.kind = kind;
  }

  Result<WorkloadRecord> decode(std::string_view json) {
    const bool fine = reader_.read(json, [this](const char* key, Value value) { return field(key, value); });
    if (!fine) {
      return std::unexpected(reader_.error());
    }
    if (workload_.ref.uid.empty() || workload_.ref.name.empty()) {
      reader_.fail(workload_.ref.uid.empty() ? "metadata.uid" : "metadata.name", "is missing");
      return std::unexpected(reader_.error());
    }
    if (workload_.ref.kind == "DaemonSet") {
      workload_.replicas = desired_;
    }
    // A partition keeps back the pods below it: a rollout would leave them as they are, and be done.
    workload_.stuck = workload_.stuck || partition_ > 0;
    return std::move(workload_);
  }

 private:
  bool field(const char* key, Value value) {
    if (is(key, "apiVersion")) {
      return optional_text(value, "apiVersion", workload_.ref.api_version);
    }
    if (is(key, "kind")) {
      return optional_text(value, "kind", workload_.ref.kind);
    }
    if (is(key, "metadata")) {
      return reader_.fields(value, "metadata", [this](const char* k, Value v) { return metadata(k, v); });
    }
    if (is(key, "spec")) {
      return reader_.fields(value, "spec", [this](const char* k, Value v) { return spec(k, v); });
    }
    return !is(key, "status") ||
           reader_.fields(value, "status", [this](const char* k, Value v) { return status(k, v); });
  }

  bool metadata(const char* key, Value value) {
    if (is(key, "name")) {
      return reader_.text(value, "metadata.name", workload_.ref.name);
    }
    if (is(key, "namespace")) {
      return reader_.text(value, "metadata.namespace", workload_.ref.ns);
    }
    if (is(key, "uid")) {
      return reader_.text(value, "metadata.uid", workload_.ref.uid);
    }
    if (is(key, "resourceVersion")) {
      return reader_.text(value, "metadata.resourceVersion", workload_.resource_version);
    }
    if (is(key, "generation")) {
      return reader_.number(value, "metadata.generation", workload_.generation);
    }
    if (is(key, "deletionTimestamp")) {
      workload_.deleting = !is_null(value);
      return true;
    }
    if (is(key, "ownerReferences")) {
      return reader_.controller(value, workload_.owner);
    }
    if (is(key, "labels")) {
      return reader_.labels(value, "metadata.labels", workload_.labels);
    }
    return !is(key, "annotations") || reader_.fields(value, "metadata.annotations", [this](const char* k, Value v) {
      return is(k, "meta.helm.sh/release-name") ? reader_.text(v, "metadata.annotations", workload_.helm_release)
                                                : reader_.own_annotation(k, v, workload_.annotations);
    });
  }

  bool spec(const char* key, Value value) {
    if (is(key, "replicas")) {
      return reader_.number(value, "spec.replicas", workload_.replicas);
    }
    if (is(key, "paused")) {
      return reader_.flag(value, "spec.paused", workload_.paused);
    }
    if (is(key, "template")) {
      return reader_.fields(value, "spec.template", [this](const char* k, Value v) {
        return !is(k, "metadata") || reader_.fields(v, "spec.template.metadata", [this](const char* inner, Value of) {
          return !is(inner, "annotations") ||
                 reader_.fields(of, "spec.template.metadata.annotations", [this](const char* name, Value text) {
                   return reader_.own_annotation(name, text, workload_.template_annotations);
                 });
        });
      });
    }
    return !is(key, "updateStrategy") ||
           reader_.fields(value, "spec.updateStrategy", [this](const char* k, Value v) { return update(k, v); });
  }

  bool update(const char* key, Value value) {
    if (is(key, "type")) {
      workload_.on_delete = trimmed_token(value) == "\"OnDelete\"";
      return true;
    }
    return !is(key, "rollingUpdate") ||
           reader_.fields(value, "spec.updateStrategy.rollingUpdate", [this](const char* k, Value v) {
             return !is(k, "partition") || reader_.number(v, "spec.updateStrategy.rollingUpdate.partition", partition_);
           });
  }

  bool status(const char* key, Value value) {
    if (is(key, "observedGeneration")) {
      return reader_.number(value, "status.observedGeneration", workload_.observed_generation);
    }
    if (is(key, "desiredNumberScheduled")) {
      return reader_.number(value, "status.desiredNumberScheduled", desired_);
    }
    return !is(key, "conditions") || reader_.condition(value, R"("Progressing")", R"("False")", workload_.stuck);
  }

  bool optional_text(Value value, std::string_view path, std::string& out) {
    std::string text;
    const bool fine = reader_.text(value, path, text);
    if (!text.empty()) {
      out = std::move(text);
    }
    return fine;
  }

  ObjectReader reader_{"workload"};
  WorkloadRecord workload_;
  std::int64_t desired_ = 0;
  std::int64_t partition_ = 0;
};

}  // namespace

Result<WorkloadRecord> decode_workload(std::string_view json, std::string_view api_version, std::string_view kind) {
  return WorkloadDecoder(api_version, kind).decode(json);
}

}  // namespace remint::detect
