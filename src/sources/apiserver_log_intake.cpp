#include "remint/sources/apiserver_log_intake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "apiserver_log_lines.hpp"
#include "posted_body.hpp"
#include "remint/base/text.hpp"
#include "remint/detect/shipped.hpp"
#include "sender_check.hpp"

namespace remint::sources {
namespace {

/// What became of a body; the label of remint_apiserver_log_bodies_total.
enum class Fate : std::uint8_t { kTaken, kBroken, kEmpty, kUnauthorized, kUnsupported, kTooLarge, kBusy };
constexpr std::array<const char*, 7> kFates = {"taken",       "broken",    "empty", "unauthorized",
                                               "unsupported", "too_large", "busy"};
constexpr std::size_t kMaxName = 256;

/// "stream=cp-1&x=y" -> "cp-1"
std::string stream_in(std::string_view query) {
  constexpr std::string_view kKey = "stream=";
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.starts_with(kKey)) {
      return sanitize(pair.substr(kKey.size()), kMaxName);
    }
  }
  return {};
}

}  // namespace

struct ApiServerLogIntake::Impl {
  Impl(ApiServerLogIntakeSettings chosen, std::unique_ptr<SenderCheck> check, Deliver to, metrics::Registry& metrics,
       const Clock& time)
      : settings(std::move(chosen)),
        senders(std::move(check)),
        deliver(std::move(to)),
        clock(time),
        lines(metrics),
        lag(metrics.gauge("remint_apiserver_log_posted_lag_seconds",
                          "Age of the newest line that matters of a posted API server's log, when it came.")) {
    for (std::size_t i = 0; i < kFates.size(); ++i) {
      fates.at(i) = &metrics.counter("remint_apiserver_log_bodies_total",
                                     "Bodies posted to the API server log's endpoint, by what became of them.",
                                     {{"result", kFates.at(i)}});
    }
  }

  http::Response answer(Fate fate, int status, std::string text) {
    fates.at(static_cast<std::size_t>(fate))->add();
    return {.status = status, .body = std::move(text) + "\n"};
  }

  std::uint32_t stream_of(std::string_view name) {
    const std::lock_guard lock(mutex);
    const std::string key(name.substr(0, kMaxName));
    if (const auto known = streams.find(key); known != streams.end()) {
      return known->second;
    }
    const auto next = static_cast<std::uint32_t>(settings.first_stream + streams.size());
    if (streams.size() + 1 >= settings.streams) {
      return next;  // of all that came too late
    }
    streams.emplace(key, next);
    return next;
  }

  bool take(std::string_view stream, std::string_view text) {
    // One body is a stream of its own: shippers send whole lines, and several connections at once.
    detect::ApiServerLogParser parser;
    std::vector<detect::ApiServerLine> found;
    const detect::LogClock when{.reference = clock.now(), .utc_offset = settings.utc_offset};
    const detect::ApiServerLogParser::Visitor keep = [&](detect::ApiServerLine&& line) {
      found.push_back(std::move(line));
    };
    parser.feed(text, when, keep);
    parser.finish(when, keep);
    if (!found.empty()) {
      const auto newest = std::ranges::max_element(found, {}, &detect::ApiServerLine::time)->time;
      if (!deliver(stream_of(stream), std::move(found))) {
        return false;  // not counted: it comes again
      }
      lag.set(std::chrono::duration<double>(clock.now() - newest).count());
    }
    detect::ApiServerLogCounts before;
    lines.add(parser.counts(), before);
    return true;
  }

  http::Response take_body(std::string_view body, const http::Request& request) {
    auto name = stream_in(request.query);
    if (name.empty()) {
      name = request.peer_address;
    }
    const std::size_t first = body.find_first_not_of(" \t\r\n");
    // A log's own lines can begin like JSON, those of libraries within the API server do: what is said to be text is.
    const bool json = !request.content_type.starts_with("text/plain") && (body[first] == '{' || body[first] == '[');
    const auto busy = [&] {
      auto later = answer(Fate::kBusy, 429, "detection is behind, send again later");
      later.retry_after_seconds = 1;
      return later;
    };
    if (!json) {
      return take(name, body) ? answer(Fate::kTaken, 200, "taken") : busy();
    }
    detect::ShippedBody found;
    detect::ShippedReader().read(body, found);
    for (const auto& shipped : found.logs) {
      if (!take(shipped.stream.empty() ? std::string_view(name) : shipped.stream, shipped.text)) {
        return busy();
      }
    }
    lines.invalid.add(static_cast<double>(found.invalid));
    lines.ignored.add(static_cast<double>(found.foreign + found.plain));
    if (found.broken || (found.logs.empty() && found.invalid > 0)) {
      return answer(Fate::kBroken, 400, found.problem ? found.problem->message : "no log lines were found");
    }
    return answer(Fate::kTaken, 200, "taken");
  }

  const ApiServerLogIntakeSettings settings;
  const std::unique_ptr<SenderCheck> senders;
  const Deliver deliver;
  const Clock& clock;
  LineCounters lines;
  metrics::Gauge& lag;
  std::array<metrics::Counter*, kFates.size()> fates{};
  std::mutex mutex;  ///< guards streams
  std::map<std::string, std::uint32_t, std::less<>> streams;
};

ApiServerLogIntake::ApiServerLogIntake(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiServerLogIntake::~ApiServerLogIntake() = default;

Result<std::unique_ptr<ApiServerLogIntake>> ApiServerLogIntake::create(ApiServerLogIntakeSettings settings,
                                                                       Deliver deliver, metrics::Registry& metrics,
                                                                       const Clock& clock) {
  auto senders = SenderCheck::create(settings.senders, clock);
  if (!senders) return std::unexpected(senders.error());
  return std::unique_ptr<ApiServerLogIntake>(new ApiServerLogIntake(
      std::make_unique<Impl>(std::move(settings), std::move(*senders), std::move(deliver), metrics, clock)));
}

std::optional<http::Response> ApiServerLogIntake::admit(const http::Request& request) {
  if (!impl_->senders->may_post(request)) {
    return impl_->answer(Fate::kUnauthorized, 401,
                         "this endpoint takes log lines only with a trusted client certificate or bearer token");
  }
  if (const auto why = unsupported_content(request)) return impl_->answer(Fate::kUnsupported, 415, *why);
  return std::nullopt;
}

http::Response ApiServerLogIntake::handle(const http::Request& request) {
  if (auto refused = admit(request)) return std::move(*refused);
  const auto body = PostedBody::unpack(request, impl_->settings.senders.max_unpacked_bytes);
  if (!body) {
    const bool too_large = body.error().code == ErrorCode::kTooLarge;
    return impl_->answer(too_large ? Fate::kTooLarge : Fate::kBroken, too_large ? 413 : 400, body.error().message);
  }
  if (is_blank(body->text())) return impl_->answer(Fate::kEmpty, 400, "the body is empty; log lines were expected");
  return impl_->take_body(body->text(), request);
}

bool ApiServerLogIntake::take(std::string_view stream, std::string_view lines) { return impl_->take(stream, lines); }

}  // namespace remint::sources
