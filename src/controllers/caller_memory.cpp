#include "remint/controllers/caller_memory.hpp"

#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "remint/base/log.hpp"
#include "remint/kube/resources.hpp"

namespace remint::controllers {
namespace {

constexpr const char* kKey = "callers";
constexpr const char* kSavesHelp = "Times that what was learnt of callers was put into the ConfigMap.";

/// Nothing when there is none in it yet.
Result<std::string> text_of(std::string_view config_map) {
  const auto json = parse_json(config_map);
  if (!json) return std::unexpected(json.error());
  FieldErrors ignored;
  return JsonReader(*json, ignored).at("data").at(kKey).string();
}

}  // namespace

CallerMemory::CallerMemory(kube::Client& client, ObjectKey config_map, const Clock& clock, metrics::Registry& metrics,
                           CallerMemoryHooks hooks, CallerMemorySettings settings)
    : client_(client),
      config_map_(std::move(config_map)),
      clock_(clock),
      hooks_(std::move(hooks)),
      settings_(settings),
      saved_(metrics.counter("remint_caller_memory_saves_total", kSavesHelp, {{"result", "saved"}})),
      failed_(metrics.counter("remint_caller_memory_saves_total", kSavesHelp, {{"result", "failed"}})),
      bytes_(metrics.gauge("remint_caller_memory_bytes", "Size of what was last saved of callers.")) {}

CallerMemory::~CallerMemory() { stop(); }

void CallerMemory::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (sleep_for(settings_.look_every, stop)) look(stop);
  });
}

void CallerMemory::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  look({}, true);
}

void CallerMemory::look(const std::stop_token& stop, bool last) {
  if (absent_ || !hooks_.may_act()) return;
  if (!restored_ && (last || !restore(stop))) return;
  const auto ways = hooks_.ways();
  if (!ways) return;  // detection is busy
  const bool news = *ways != ways_;
  const Duration since = saved_at_ ? clock_.now() - *saved_at_ : Duration::max();
  if (!(news && (last || since >= settings_.save_new_after)) && since < settings_.save_every) return;
  const auto text = hooks_.learnt(settings_.max_bytes);
  if (!text) return;
  saved_at_ = clock_.now();
  // Where no address is shared there is nothing to write; what was not taken is tried again.
  if (text->empty() || save(*text, stop)) ways_ = *ways;
}

/// False: to be tried again.
bool CallerMemory::restore(const std::stop_token& stop) {
  const auto stored = client_.get(kube::kConfigMaps, config_map_, stop);
  if (!stored) {
    if (stored.error().code == ErrorCode::kNotFound || stored.error().code == ErrorCode::kForbidden) {
      absent_ = true;
      log::info("What is learnt of callers at shared addresses is not kept for the next leader",
                {{"configmap", config_map_.to_string()}, {"error", stored.error()}});
    } else if (stored.error().code != ErrorCode::kCancelled) {
      log::warn("Cannot read what was learnt of callers, trying again",
                {{"configmap", config_map_.to_string()}, {"error", stored.error()}});
    }
    return false;
  }
  const auto text = text_of(*stored);
  if (text && text->empty()) {
    restored_ = true;
    return true;
  }
  const auto pods = text ? hooks_.restore(*text) : Result<std::size_t>(std::unexpected(text.error()));
  if (!pods && pods.error().code != ErrorCode::kInvalid) return false;  // detection is busy
  restored_ = true;
  if (pods) {
    log::info("Restored what an earlier leader had learnt of callers at shared addresses", {{"pods", *pods}});
  } else {
    log::warn("What an earlier leader had learnt of callers is of no use, beginning anew", {{"error", pods.error()}});
  }
  return true;
}

bool CallerMemory::save(const std::string& text, const std::stop_token& stop) {
  Json body;
  body["data"][kKey] = text;
  const auto stored = client_.patch(kube::kConfigMaps, config_map_, kube::PatchType::kMerge, dump_json(body), stop);
  if (stored) {
    saved_.add();
    bytes_.set(static_cast<double>(text.size()));
    return true;
  }
  failed_.add();
  log::warn("What was learnt of callers was not saved",
            {{"configmap", config_map_.to_string()}, {"error", stored.error()}});
  return false;
}

}  // namespace remint::controllers
