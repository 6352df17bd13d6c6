#include "remint/kube/watch_stream.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>

#include "errors.hpp"
#include "remint/base/text.hpp"

namespace remint::kube {
namespace {

static_assert(kItemPadding >= simdjson::SIMDJSON_PADDING);

// A buffer that grew for one huge object is given back.
constexpr std::size_t kKeptCapacity = 1U << 20U;

std::unexpected<Error> invalid(std::string_view what) {
  return fail(ErrorCode::kInvalid, fmt::format("the server sent something that is not a watch event: {}", what));
}

std::optional<WatchEventType> parse_type(std::string_view text) {
  return text == "ADDED"      ? std::optional(WatchEventType::kAdded)
         : text == "MODIFIED" ? std::optional(WatchEventType::kModified)
         : text == "DELETED"  ? std::optional(WatchEventType::kDeleted)
         : text == "BOOKMARK" ? std::optional(WatchEventType::kBookmark)
                              : std::nullopt;
}

struct RawEvent {
  std::string_view type, object;
};

Result<RawEvent> parse_event(simdjson::ondemand::parser& parser, std::string& line) {
  line.reserve(line.size() + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::document document;
  simdjson::ondemand::object root;
  if (const auto error = parser.iterate(line.data(), line.size(), line.capacity()).get(document)) {
    return invalid(simdjson::error_message(error));
  }
  if (const auto error = document.get_object().get(root)) {
    return invalid(simdjson::error_message(error));
  }
  RawEvent event;
  for (auto member : root) {
    std::string_view key;
    auto error = member.unescaped_key().get(key);
    if (!error && key == "type") {
      error = member.value().get_string().get(event.type);
    } else if (!error && key == "object") {
      simdjson::ondemand::object object;
      error = member.value().get_object().get(object);
      if (!error) {
        error = object.raw_json().get(event.object);
      }
    }
    if (error) {
      return invalid(simdjson::error_message(error));
    }
  }
  if (event.type.empty() || event.object.empty()) {
    return invalid("it has no type or no object");
  }
  return event;
}

}  // namespace

struct WatchStream::Impl {
  WatchSink sink;
  std::size_t max_line;
  simdjson::ondemand::parser parser{};
  std::string line{};
};

WatchStream::WatchStream(const WatchSink& sink, std::size_t max_line)
    : impl_(std::make_unique<Impl>(Impl{.sink = sink, .max_line = max_line})) {}
WatchStream::~WatchStream() = default;

Result<void> WatchStream::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (part.size() > impl_->max_line - impl_->line.size()) {
      return fail(ErrorCode::kTooLarge,
                  fmt::format("a watch event is larger than the {} bytes allowed", impl_->max_line));
    }
    impl_->line.append(part);
    if (end == std::string_view::npos) {
      return {};
    }
    bytes.remove_prefix(end + 1);
    if (auto taken = take_line(); !taken) {
      return taken;
    }
  }
  return {};
}

Result<void> WatchStream::take_line() {
  std::string& line = impl_->line;
  if (line.find_first_not_of(" \t\r") == std::string::npos) {
    line.clear();
    return {};
  }
  const auto event = parse_event(impl_->parser, line);
  if (!event) {
    return std::unexpected(event.error());
  }
  Result<void> taken;
  if (event->type == "ERROR") {
    taken = std::unexpected(status_to_error(event->object, "the watch ended with an error"));
  } else if (const auto type = parse_type(event->type)) {
    taken = impl_->sink(*type, event->object);
  } else {
    return invalid(fmt::format("unknown type \"{}\"", sanitize(event->type, 40)));
  }
  line.clear();
  if (line.capacity() > kKeptCapacity) {
    line.shrink_to_fit();
  }
  return taken;
}

Result<void> WatchStream::finish() {
  if (!impl_->line.empty()) {
    return fail(ErrorCode::kUnavailable, "the watch ended in the middle of an event");
  }
  return {};
}

}  // namespace remint::kube
