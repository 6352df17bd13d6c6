#include "remint/runtime/leader_label.hpp"

#include <nlohmann/json.hpp>

#include "call_deadline.hpp"
#include "remint/base/json.hpp"
#include "remint/base/log.hpp"
#include "remint/kube/resources.hpp"

namespace remint::runtime {
namespace {

// Somebody may have taken it away, or a leader that hung may have come back: a patch that changes nothing costs little.
// Two installations in one namespace have a leader each.
constexpr const char* kInstanceLabel = "app.kubernetes.io/instance";
constexpr std::chrono::seconds kLookAgain{60};
constexpr std::chrono::seconds kTryAgain{2};

}  // namespace

LeaderLabel::LeaderLabel(kube::Client& client, ObjectKey own_pod, std::function<bool()> leads)
    : client_(client), pod_(std::move(own_pod)), leads_(std::move(leads)) {}

LeaderLabel::~LeaderLabel() { stop(std::chrono::milliseconds(0)); }

void LeaderLabel::start() {
  worker_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void LeaderLabel::stop(std::chrono::milliseconds deadline) {
  if (!worker_.joinable()) return;
  worker_.request_stop();
  worker_.join();
  if (!applied_.value_or(true) || deadline.count() <= 0) return;
  const CallDeadline in_time(deadline, {});
  if (const auto gone = mark(pod_.name, false, in_time.token()); !gone) {
    const auto why = in_time.expired() ? "no answer within " + format_duration(deadline) : gone.error().message;
    log::warn("The leader's label could not be taken away", {{"pod", pod_.name}, {"error", why}});
  }
}

void LeaderLabel::ring() {
  const std::lock_guard lock(mutex_);
  look_ = true;
  rung_.notify_all();
}

void LeaderLabel::run(const std::stop_token& stop) {
  std::string last_error;
  while (!stop.stop_requested()) {
    {
      const std::lock_guard lock(mutex_);
      look_ = false;
    }
    const bool leader = leads_();
    // A standby has one label to take away, once: that of its own earlier life, when its container was restarted.
    Result<void> done;
    if (leader || applied_ != false) {
      applied_.reset();  // half of it may be done when it fails
      done = apply(leader, stop);
    }
    if (done) {
      applied_ = leader;
      last_error.clear();
    } else if (!stop.stop_requested() && done.error().message != last_error) {
      last_error = done.error().message;
      log::warn("The leader's label could not be set; trying again", {{"pod", pod_.name}, {"error", last_error}});
    }
    std::unique_lock lock(mutex_);
    rung_.wait_for(lock, stop, done ? kLookAgain : kTryAgain, [this] { return look_; });
  }
}

Result<void> LeaderLabel::apply(bool leader, const std::stop_token& stop) {
  if (!leader) {
    const auto gone = mark(pod_.name, false, stop);
    return gone ? Result<void>() : std::unexpected(gone.error());
  }
  const auto own = mark(pod_.name, true, stop);
  if (!own) return std::unexpected(own.error());
  auto others = marked(*own, stop);
  if (!others) return std::unexpected(others.error());
  others->erase(pod_.name);
  for (const auto& other : *others) {
    const auto gone = mark(other, false, stop);
    if (!gone && gone.error().code != ErrorCode::kNotFound) return std::unexpected(gone.error());
  }
  return {};
}

Result<std::string> LeaderLabel::mark(const std::string& pod, bool leader, const std::stop_token& stop) {
  Json body;
  body["metadata"]["labels"][kLeaderLabel] = leader ? Json(kLeaderValue) : Json(nullptr);
  return client_.patch(kube::kPods, {pod_.ns, pod}, kube::PatchType::kMerge, dump_json(body), stop);
}

Result<std::set<std::string>> LeaderLabel::marked(const std::string& own_pod, const std::stop_token& stop) {
  std::string selector = std::string(kLeaderLabel) + "=" + kLeaderValue;
  if (const auto own = parse_json(own_pod)) {
    FieldErrors none;
    const auto instance = JsonReader(*own, none).at("metadata").at("labels").at(kInstanceLabel).string();
    if (!instance.empty()) selector += std::string(",") + kInstanceLabel + "=" + instance;
  }
  std::set<std::string> names;
  const auto listed = client_.list(
      kube::kPods, {.ns = pod_.ns, .label_selector = selector, .field_selector = {}},
      [&names](std::string_view item) -> Result<void> {
        const auto pod = parse_json(item);
        if (!pod) return std::unexpected(pod.error());
        FieldErrors ignored;
        names.insert(JsonReader(*pod, ignored).at("metadata").at("name").string());
        return {};
      },
      stop);
  if (!listed) return std::unexpected(listed.error());
  return names;
}

}  // namespace remint::runtime
