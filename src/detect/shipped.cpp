#include "remint/detect/shipped.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

#include "json_splitter.hpp"
#include "remint/base/gzip.hpp"
#include "shipped_pieces.hpp"

namespace remint::detect {
namespace {

namespace dom = simdjson::dom;

// A Firehose delivery of CloudWatch envelopes that Vector wrapped: three documents in each other, 14 steps.
constexpr std::size_t kMaxDocuments = 5;
constexpr int kMaxSteps = 32;
constexpr std::size_t kKeptDocument = 4U << 20U;
constexpr std::size_t kMaxStream = 256;

/// Members in which a record or more envelopes are, the outer ones first. Of one object the first that is there counts.
constexpr std::array<std::string_view, 16> kMembers = {
    "awslogs", "logEvents", "records",    "resourceLogs", "scopeLogs",   "logRecords",  "body",  "stringValue",
    "message", "log",       "properties", "data",         "textPayload", "jsonPayload", "event", "content"};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t from = text.find_first_not_of(kSpace);
  return from == std::string_view::npos ? std::string_view()
                                        : text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

bool is_json(std::string_view text) { return text.starts_with('{') || text.starts_with('['); }

bool has(dom::object object, std::string_view key) {
  dom::element ignored;
  return !object[key].get(ignored);
}

}  // namespace

void ShippedBody::clear() {
  events.clear();
  if (events.capacity() > kKeptDocument) events.shrink_to_fit();
  logs.clear();
  request_id.clear();
  plain = invalid = foreign = 0;
  envelope = broken = false;
  problem.reset();
}

struct ShippedReader::Impl {
  explicit Impl(ShippedLimits chosen) : limits(chosen) {}

  /// Where we are: how deep, and what was said about the origin on the way.
  struct Place {
    std::size_t document = 0;
    int step = 0;
    std::string_view stream{};
    [[nodiscard]] Place inside() const { return {document, step + 1, stream}; }
    [[nodiscard]] bool top() const { return document == 0 && step == 0; }
  };

  void invalid(Error why) {
    ++found->invalid;
    if (!found->problem) {
      found->problem = std::move(why);
    }
  }

  /// JSON values one after the other: one, lines, or without anything between them.
  void documents(std::string_view text, const Place& place) {
    if (place.document >= kMaxDocuments) {
      return invalid({ErrorCode::kTooLarge, "too many envelopes within each other"});
    }
    dom::element whole;
    if (parse(text, place.document, whole) == simdjson::SUCCESS) {
      return take_document(whole, text, place);
    }
    bool by_line = false;  // after a break a value has to end in its line: else each bad line would cost all the rest
    JsonSplitter splitter(text);
    while (!splitter.at_end()) {
      const std::size_t line_end = by_line ? std::min(text.find('\n', splitter.position()), text.size()) : text.size();
      JsonSplitter one(text.substr(0, line_end), splitter.position());
      const auto value = one.value();
      splitter = JsonSplitter(text, value ? one.position() : splitter.position());
      const std::size_t begin = value ? static_cast<std::size_t>(value->data() - text.data()) : splitter.position();
      dom::element element;
      if (value && is_json(*value) && parse(*value, place.document, element) == simdjson::SUCCESS) {
        take_document(element, *value, place);
        continue;
      }
      // As in JSON lines: the next line is safe to read.
      const std::size_t next = text.find('\n', value ? begin + value->size() : begin);
      if (next == std::string_view::npos && !value) {
        found->broken = true;
        if (!found->problem) {
          found->problem = Error{ErrorCode::kInvalid, fmt::format("the JSON breaks at byte {}", begin)};
        }
        return;
      }
      invalid({ErrorCode::kInvalid, fmt::format("no JSON value at byte {}", begin)});
      if (next == std::string_view::npos) {
        return;
      }
      by_line = true;
      splitter = JsonSplitter(text, next);
    }
  }

  simdjson::error_code parse(std::string_view text, std::size_t document, dom::element& element) {
    if (text.size() > limits.document_bytes) {
      return simdjson::CAPACITY;
    }
    return parsers[document].parse(text.data(), text.size()).get(element);
  }

  void take_document(dom::element element, std::string_view text, const Place& place) {
    dom::object object;
    if (!place.top() && !element.get(object) && has(object, "auditID") && !has(object, "kubernetes")) {
      return add_event(text);  // as it stands: writing it anew costs ten times more
    }
    take(element, place);
  }

  void take(dom::element element, const Place& place) {
    if (place.step > kMaxSteps) {
      return invalid({ErrorCode::kTooLarge, "too many envelopes within each other"});
    }
    if (dom::array array; !element.get(array)) {
      // A list at the top is no envelope: what is in it stands at the top.
      const Place inside = place.top() ? place : place.inside();
      for (const dom::element item : array) {
        take(item, inside);
      }
    } else if (dom::object object; !element.get(object)) {
      take_object(object, place);
    } else if (std::string_view text; !place.top() && !element.get(text)) {
      take_text(text, place);
    } else if (place.top() || !element.is_null()) {
      invalid({ErrorCode::kInvalid, "a record is neither an object nor a text"});
    }
  }

  void take_object(dom::object object, Place place) {
    // First of all: what a pod prints may look like anything.
    if (is_foreign(object)) {
      found->envelope = true;
      ++found->foreign;
      return;
    }
    if (has(object, "auditID") && has(object, "kubernetes")) {
      found->envelope = true;
      return invalid({ErrorCode::kInvalid, "an event is merged into a log collector's record: ship it as a text"});
    }
    if (has(object, "auditID") || has(object, "items")) {
      if (place.top()) {
        ++found->plain;
      } else {
        add_event(simdjson::minify(object));
      }
      return;
    }
    if (const auto stream = stream_of(object); !stream.empty()) {
      place.stream = stream.substr(0, kMaxStream);
    }
    if (dom::object payload; !object["protoPayload"].get(payload)) {
      found->envelope = true;
      const std::string event = google_event(object, payload);
      return event.empty() ? static_cast<void>(++found->foreign) : add_event(event);
    }
    if (has(object, "ts") && has(object, "msg")) {
      found->envelope = true;
      return add_line(simdjson::minify(object), place);
    }
    for (const auto key : kMembers) {
      if (dom::element member; !object[key].get(member)) {
        return take_member(object, key, member, place);
      }
    }
    invalid({ErrorCode::kInvalid, "an object is neither an audit event nor an envelope that is known"});
  }

  void take_member(dom::object object, std::string_view key, dom::element member, const Place& place) {
    found->envelope = true;
    if (text_of(object, "messageType") == "CONTROL_MESSAGE") {
      return;  // CloudWatch looks whether somebody is there
    }
    if (key == "records" && place.top()) {
      found->request_id = std::string(text_of(object, "requestId").substr(0, kMaxStream));
    }
    std::string_view text;
    if (key == "data" && !member.get(text) && !is_json(trimmed(text))) {
      return take_packed(text, place.inside());
    }
    take(member, place.inside());
  }

  void take_packed(std::string_view text, const Place& place) {
    auto bytes = decode_base64(text, left);
    if (bytes) {
      left -= bytes->size();
      if (looks_gzipped(*bytes)) {
        bytes = gunzip(*bytes, left);
        left -= bytes ? bytes->size() : 0;
      }
    }
    if (!bytes) {
      return invalid(bytes.error());
    }
    take_text(*bytes, place);
  }

  void take_text(std::string_view raw, const Place& place) {
    // As kube-apiserver writes them; all others take the long way.
    constexpr std::string_view kEvent = R"({"kind":"Event)";
    const auto text = trimmed(raw);
    constexpr std::string_view kNextEvent = R"(}{"kind":"Event)";  // Firehose puts records together without a break
    if (text.starts_with(kEvent) && !text.contains('\n') && !text.contains(kNextEvent)) {
      add_event(text);
    } else if (is_json(text)) {
      documents(text, {place.document + 1, place.step + 1, place.stream});
    } else if (!text.empty()) {
      add_line(text, place);
    }
  }

  void add_event(std::string_view event) {
    const std::size_t begin = found->events.size();
    found->events += event;
    // A line break can stand between JSON's tokens only, where a space does as well.
    std::replace(found->events.begin() + static_cast<std::ptrdiff_t>(begin), found->events.end(), '\n', ' ');
    found->events += '\n';
  }

  void add_line(std::string_view line, const Place& place) {
    auto lines = std::ranges::find(found->logs, place.stream, &ShippedBody::Lines::stream);
    if (lines == found->logs.end()) {
      if (found->logs.size() < std::max<std::size_t>(1, limits.streams)) {
        found->logs.push_back({std::string(place.stream), {}});
      }
      lines = found->logs.end() - 1;
    }
    lines->text += line;
    lines->text += '\n';
  }

  const ShippedLimits limits;
  std::size_t left = 0;  ///< of unpacked_bytes
  ShippedBody* found = nullptr;
  std::array<dom::parser, kMaxDocuments> parsers;  ///< a parser's document lives until its next one
};

ShippedReader::ShippedReader(ShippedLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
ShippedReader::~ShippedReader() = default;

void ShippedReader::read(std::string_view body, ShippedBody& found) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (body.starts_with(kByteOrderMark)) {
    body.remove_prefix(kByteOrderMark.size());
  }
  impl_->found = &found;
  impl_->left = impl_->limits.unpacked_bytes;
  if (!trimmed(body).empty()) {
    impl_->documents(trimmed(body), {});
  }
  for (auto& parser : impl_->parsers) {
    if (parser.capacity() > kKeptDocument) {
      parser = dom::parser{};
    }
  }
}

}  // namespace remint::detect
