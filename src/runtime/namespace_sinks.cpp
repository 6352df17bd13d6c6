#include "remint/runtime/namespace_sinks.hpp"

#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "remint/base/log.hpp"

namespace remint::runtime {
namespace {

struct Known {
  std::string uid;
  std::string text;  ///< what remove() will be told
};

struct Seen {
  std::string name;
  Known known;
};

Result<Seen> look_at(std::string_view text, bool whole) {
  const auto object = parse_json(text);
  if (!object) return std::unexpected(object.error());
  FieldErrors ignored;
  const auto metadata = JsonReader(*object, ignored).at("metadata");
  Seen seen{metadata.at("name").string(), {metadata.at("uid").string(), {}}};
  if (seen.name.empty()) return fail(ErrorCode::kInvalid, "metadata.name is missing");
  if (whole) {
    seen.known.text = text;
  } else {
    Json identity;
    for (const char* field : {"name", "namespace", "uid", "resourceVersion"}) {
      identity["metadata"][field] = metadata.at(field).string();
    }
    seen.known.text = dump_json(identity);
  }
  return seen;
}

}  // namespace

class NamespaceSinks::Part final : public ReflectorSink {
 public:
  explicit Part(NamespaceSinks& all) : all_(all) {}

  void begin_list() override { listed_.clear(); }

  Result<void> apply(std::string_view object, bool initial) override {
    auto seen = look_at(object, all_.keep_ == Keep::kWhole);
    if (!seen) return std::unexpected(seen.error());
    if (initial) listed_.insert(seen->name);
    const std::lock_guard lock(all_.mutex_);
    const auto before = known_.find(seen->name);
    // Deleted and made anew while nobody watched: the sink behind knows it by UID.
    if (before != known_.end() && before->second.uid != seen->known.uid) drop(before->second);
    known_[seen->name] = std::move(seen->known);
    return all_.behind_.apply(object, false);
  }

  Result<void> remove(std::string_view object) override {
    const auto seen = look_at(object, false);
    if (!seen) return std::unexpected(seen.error());
    const std::lock_guard lock(all_.mutex_);
    known_.erase(seen->name);
    return all_.behind_.remove(object);
  }

  void end_list() override {
    const std::lock_guard lock(all_.mutex_);
    std::erase_if(known_, [this](const auto& entry) {
      if (listed_.contains(entry.first)) return false;
      drop(entry.second);
      return true;
    });
  }

 private:
  void drop(const Known& known) {
    if (const auto removed = all_.behind_.remove(known.text); !removed) {
      log::warn("What is gone could not be forgotten", {{"uid", known.uid}, {"error", removed.error().message}});
    }
  }

  NamespaceSinks& all_;
  std::set<std::string> listed_;        // by the list in progress
  std::map<std::string, Known> known_;  // by name
};

NamespaceSinks::NamespaceSinks(ReflectorSink& behind, Keep keep) : behind_(behind), keep_(keep) {}
NamespaceSinks::~NamespaceSinks() = default;

ReflectorSink& NamespaceSinks::add() {
  parts_.push_back(std::make_unique<Part>(*this));
  return *parts_.back();
}

}  // namespace remint::runtime
