#include "remint/detect/audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <functional>

#include "audit_event.hpp"
#include "audit_time.hpp"
#include "json_splitter.hpp"
#include "json_text.hpp"
#include "padded_buffer.hpp"

namespace remint::detect {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kEventCap = 4U << 20U;
constexpr std::size_t kLongTextCap = 1024;
constexpr std::size_t kTextCap = 256;
constexpr std::size_t kKeptBuffer = 16U << 20U;
constexpr std::size_t kArenaCap = 1U << 31U;  // ArenaText has 32 bits
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) {
  const auto white = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && white(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && white(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

/// JSON lines have a whole value on the first line, and more after it.
bool looks_like_lines(std::string_view body) {
  constexpr std::size_t kFirstLine = 64U << 10U;  // longer first lines are found out on the way
  const std::size_t newline = body.substr(0, kFirstLine).find('\n');
  if (newline == std::string_view::npos || trimmed(body.substr(newline)).empty()) {
    return false;
  }
  JsonSplitter first(body.substr(0, newline));
  return first.value().has_value() && first.at_end();
}

/// "subject: system:serviceaccount:NS:SA, seconds after warning threshold: 4185802"; -1 when it reads otherwise.
std::int64_t stale_seconds(std::string_view annotation) {
  constexpr std::string_view kMark = "seconds after warning threshold: ";
  constexpr std::int64_t kHundredYears = 100LL * 365 * 86'400;
  const std::size_t at = annotation.rfind(kMark);
  if (at == std::string_view::npos) {
    return -1;
  }
  const std::string_view number = annotation.substr(at + kMark.size());
  std::int64_t seconds = -1;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  return error == std::errc{} && seconds >= 0 && seconds <= kHundredYears ? seconds : -1;
}

}  // namespace

ArenaText AuditBatch::add(std::string_view text) {
  const ArenaText place{static_cast<std::uint32_t>(arena.size()), static_cast<std::uint32_t>(text.size())};
  arena.append(text);
  return place;
}

void AuditBatch::clear() {
  records.clear();
  arena.clear();
}

struct AuditDecoder::Impl {
  ondemand::parser parser;
  PaddedBuffer buffer;
  AuditTimeReader times;
  AuditBatch* batch = nullptr;
  AuditReport report;

  /// How far a text was read. Both point into that text.
  struct Progress {
    std::size_t rest = 0;               ///< what follows the first value
    std::optional<std::size_t> broken;  ///< where the JSON breaks
  };

  void lines(std::string_view body, std::size_t begin);
  void documents(std::string_view body, std::size_t begin);
  /// The first value of a text, by the fast way where the parser accepts the text.
  Progress document(std::string_view text);
  Progress root_object(ondemand::document& document, std::string_view text);
  Progress root_array(ondemand::document& document, std::string_view text);
  /// Events of a list; where it breaks, the offset of the event that is not whole.
  std::optional<std::size_t> events(ondemand::array array, ondemand::document& document, std::size_t text_size);

  /// The first value of a text that the parser refuses as a whole: event by event, each parsed alone.
  Progress salvage(std::string_view text);
  Progress salvage_object(std::string_view text);
  /// `first`: the offset of an element, or of the end of the list.
  Progress salvage_elements(std::string_view text, std::size_t first);
  ReadStatus salvage_event(std::string_view text);

  ReadStatus read(ondemand::object object);
  ReadStatus add_record(const RawEvent& event);
  bool add_text(std::string_view raw, std::size_t cap, ArenaText& place);
  void count(ReadStatus status);
  void take_back_record();
  void break_at(std::size_t offset);

  simdjson::error_code parse(std::string_view text, ondemand::document& document);
  std::size_t offset_of(ondemand::document& document, std::size_t end) const;
};

void AuditDecoder::Impl::count(ReadStatus status) {
  report.events += 1;
  report.ignored += status == ReadStatus::kIgnored ? 1U : 0U;
  report.invalid += status == ReadStatus::kInvalid ? 1U : 0U;
}

void AuditDecoder::Impl::break_at(std::size_t offset) {
  report.broken = Error{ErrorCode::kInvalid,
                        fmt::format("audit body is not valid JSON from byte {} on; the {} events before it were read",
                                    offset, report.events),
                        0};
}

simdjson::error_code AuditDecoder::Impl::parse(std::string_view text, ondemand::document& document) {
  if (parser.capacity() < text.size()) {
    if (const auto error = parser.allocate(std::bit_ceil(text.size()))) {
      return error;
    }
  }
  return parser.iterate(buffer.fill(text)).get(document);
}

std::size_t AuditDecoder::Impl::offset_of(ondemand::document& document, std::size_t end) const {
  const char* where = nullptr;
  return document.current_location().get(where) ? end : static_cast<std::size_t>(where - buffer.begin());
}

bool AuditDecoder::Impl::add_text(std::string_view raw, std::size_t cap, ArenaText& place) {
  const std::size_t begin = batch->arena.size();
  if (!append_unescaped(batch->arena, raw, cap)) {
    return false;
  }
  place = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(batch->arena.size() - begin)};
  return true;
}

ReadStatus AuditDecoder::Impl::add_record(const RawEvent& event) {
  const auto received = times.read(event.received);
  const auto staged = event.staged.empty() ? received : times.read(event.staged);
  if (!received || !staged || batch->arena.size() > kArenaCap || event.code < 0 || event.code > 999) {
    return ReadStatus::kInvalid;
  }
  const std::size_t arena_before = batch->arena.size();
  AuditRecord& record = batch->records.emplace_back();
  record.kind = event.user_name.empty() ? AuditKind::kRejected : AuditKind::kAccepted;
  record.code = static_cast<std::uint16_t>(event.code);
  record.received = *received;
  record.staged = *staged;
  record.source = IpAddress::parse(event.source);
  // The two stages that come here differ in length, so that the length can stand for the stage.
  record.dedup = std::hash<std::string_view>()(event.audit_id) * 31U + event.stage.size();
  bool fine = add_text(event.user_agent, kLongTextCap, record.user_agent);
  if (record.kind == AuditKind::kRejected) {
    fine = fine && add_text(event.audit_id, kTextCap, record.audit_id) && add_text(event.verb, kTextCap, record.verb) &&
           add_text(event.uri, kLongTextCap, record.uri) && add_text(event.resource, kTextCap, record.resource) &&
           add_text(event.ns, kTextCap, record.ns);
  } else {
    fine = fine && add_text(event.pod_uid, kTextCap, record.pod_uid) &&
           add_text(event.pod_name, kTextCap, record.pod_name) &&
           add_text(event.user_name, kTextCap, record.user_name) &&
           add_text(event.credential_id, kTextCap, record.credential_id);
    record.stale_seconds = event.has_stale ? stale_seconds(event.stale) : -1;
  }
  if (!fine) {
    batch->records.pop_back();
    batch->arena.resize(arena_before);
    return ReadStatus::kInvalid;
  }
  report.rejected += record.kind == AuditKind::kRejected ? 1U : 0U;
  report.stale += record.stale_seconds >= 0 ? 1U : 0U;
  return ReadStatus::kOk;
}

void AuditDecoder::Impl::take_back_record() {
  const AuditRecord& record = batch->records.back();
  report.rejected -= record.kind == AuditKind::kRejected ? 1U : 0U;
  report.stale -= record.stale_seconds >= 0 ? 1U : 0U;
  batch->arena.resize(record.user_agent.offset);
  batch->records.pop_back();
}

ReadStatus AuditDecoder::Impl::read(ondemand::object object) {
  RawEvent event;
  const ReadStatus status = read_event(object, event);
  return status == ReadStatus::kOk ? add_record(event) : status;
}

std::optional<std::size_t> AuditDecoder::Impl::events(ondemand::array array, ondemand::document& document,
                                                      std::size_t text_size) {
  // An event is counted when the parser has got past it: one that was left early may yet turn out not to be whole.
  std::optional<ReadStatus> pending;
  std::size_t begin = 0;
  const auto settle = [&](std::size_t end) {
    if (pending == ReadStatus::kOk && end - begin > kEventCap) {
      take_back_record();
      pending = ReadStatus::kInvalid;
    }
    if (pending) {
      count(*pending);
    }
  };
  for (auto element : array) {
    ondemand::value value;
    if (element.get(value)) {
      if (pending == ReadStatus::kOk) {
        take_back_record();
      }
      return begin;
    }
    const std::size_t here = offset_of(document, begin);
    settle(here);
    begin = here;
    ondemand::object object;
    const auto error = value.get_object().get(object);
    pending = error == simdjson::SUCCESS          ? read(object)
              : error == simdjson::INCORRECT_TYPE ? ReadStatus::kInvalid
                                                  : ReadStatus::kBroken;
    if (pending == ReadStatus::kBroken) {
      return here;
    }
  }
  settle(offset_of(document, text_size));
  return std::nullopt;
}

AuditDecoder::Impl::Progress AuditDecoder::Impl::root_array(ondemand::document& document, std::string_view text) {
  ondemand::array array;
  if (document.get_array().get(array)) {
    return salvage(text);
  }
  if (const auto broken = events(array, document, text.size())) {
    return salvage_elements(text, *broken);
  }
  return {offset_of(document, text.size()), std::nullopt};
}

AuditDecoder::Impl::Progress AuditDecoder::Impl::root_object(ondemand::document& document, std::string_view text) {
  ondemand::object root;
  if (document.get_object().get(root)) {
    return salvage(text);
  }
  bool is_list = false;
  ondemand::value value;
  simdjson::error_code found = simdjson::SUCCESS;
  // Until it is not found any more: a field that stands twice is read twice, and the end of the object is reached.
  while ((found = root.find_field("items").get(value)) == simdjson::SUCCESS) {
    ondemand::array items;
    const auto error = value.get_array().get(items);
    if (error == simdjson::INCORRECT_TYPE) {
      if (!value.raw_json_token().starts_with("null")) {
        count(ReadStatus::kInvalid);
      }
    } else if (error) {
      return {0, offset_of(document, text.size())};
    } else if (const auto broken = events(items, document, text.size())) {
      return salvage_elements(text, *broken);
    }
    is_list = true;
  }
  if (found != simdjson::NO_SUCH_FIELD) {
    return is_list ? Progress{0, offset_of(document, text.size())} : salvage(text);
  }
  const std::size_t rest = offset_of(document, text.size());
  if (is_list) {
    return {rest, std::nullopt};
  }
  document.rewind();
  const ReadStatus status = rest > kEventCap                  ? ReadStatus::kInvalid
                            : document.get_object().get(root) ? ReadStatus::kBroken
                                                              : read(root);
  if (status == ReadStatus::kBroken) {
    return {0, offset_of(document, text.size())};
  }
  count(status);
  return {rest, std::nullopt};
}

AuditDecoder::Impl::Progress AuditDecoder::Impl::document(std::string_view text) {
  ondemand::document document;
  if ((text.front() != '{' && text.front() != '[') || parse(text, document) != simdjson::SUCCESS) {
    return salvage(text);
  }
  return text.front() == '{' ? root_object(document, text) : root_array(document, text);
}

ReadStatus AuditDecoder::Impl::salvage_event(std::string_view text) {
  ondemand::document document;
  ondemand::object object;
  if (text.front() != '{' || text.size() > kEventCap || parse(text, document) != simdjson::SUCCESS) {
    return ReadStatus::kInvalid;  // not UTF-8, or a control character in a string: what follows is not in doubt
  }
  return document.get_object().get(object) ? ReadStatus::kBroken : read(object);
}

AuditDecoder::Impl::Progress AuditDecoder::Impl::salvage_elements(std::string_view text, std::size_t first) {
  JsonSplitter splitter(text, first);
  if (splitter.eat(']')) {
    return {splitter.position(), std::nullopt};
  }
  while (true) {
    splitter.peek();
    const std::size_t begin = splitter.position();
    const auto element = splitter.value();
    const ReadStatus status = element ? salvage_event(*element) : ReadStatus::kBroken;
    if (status == ReadStatus::kBroken) {
      return {0, begin};
    }
    count(status);
    if (splitter.eat(']')) {
      return {splitter.position(), std::nullopt};
    }
    if (!splitter.eat(',')) {
      return {0, splitter.position()};
    }
  }
}

AuditDecoder::Impl::Progress AuditDecoder::Impl::salvage_object(std::string_view text) {
  JsonSplitter splitter(text, 1);
  bool is_list = false;
  bool first = true;
  while (!splitter.eat('}')) {
    if (!first && !splitter.eat(',')) {
      return {0, splitter.position()};
    }
    first = false;
    const auto key = splitter.peek() == '"' ? splitter.value() : std::nullopt;
    if (!key || !splitter.eat(':')) {
      return {0, splitter.position()};
    }
    if (*key == "\"items\"" && splitter.eat('[')) {
      is_list = true;
      const Progress progress = salvage_elements(text, splitter.position());
      if (progress.broken) {
        return progress;
      }
      splitter = JsonSplitter(text, progress.rest);
    } else if (!splitter.value()) {
      return {0, splitter.position()};
    }
  }
  if (!is_list) {
    const ReadStatus status = salvage_event(text.substr(0, splitter.position()));
    if (status == ReadStatus::kBroken) {
      return {0, 0};
    }
    count(status);
  }
  return {splitter.position(), std::nullopt};
}

AuditDecoder::Impl::Progress AuditDecoder::Impl::salvage(std::string_view text) {
  if (text.front() == '[') {
    return salvage_elements(text, 1);
  }
  if (text.front() == '{') {
    return salvage_object(text);
  }
  JsonSplitter splitter(text);
  const auto value = splitter.value();
  const bool scalar = value && (std::string_view("\"-0123456789").find(value->front()) != std::string_view::npos ||
                                *value == "true" || *value == "false" || *value == "null");
  if (!scalar) {
    return {0, 0};
  }
  count(ReadStatus::kInvalid);
  return {splitter.position(), std::nullopt};
}

void AuditDecoder::Impl::documents(std::string_view body, std::size_t begin) {
  Progress progress = document(body.substr(begin));
  while (!progress.broken) {
    begin += progress.rest;
    JsonSplitter splitter(body, begin);
    if (splitter.at_end()) {
      return;
    }
    begin = splitter.position();
    // One value at a time, so that the parser never sees the same bytes more than twice.
    const auto value = splitter.value();
    progress = value ? document(*value) : salvage(body.substr(begin));
  }
  break_at(begin + *progress.broken);
}

void AuditDecoder::Impl::lines(std::string_view body, std::size_t begin) {
  while (begin < body.size()) {
    const std::size_t newline = body.find('\n', begin);
    const std::size_t end = std::min(newline, body.size());
    const std::string_view line = trimmed(body.substr(begin, end - begin));
    if (!line.empty()) {
      Progress progress = document(line);
      if (!progress.broken && progress.rest < line.size()) {
        progress.broken = progress.rest;
      }
      // A line break cannot stand inside JSON's strings: after a bad line the next one is safe to read.
      if (progress.broken && newline == std::string_view::npos) {
        return break_at(static_cast<std::size_t>(line.data() - body.data()) + *progress.broken);
      }
      if (progress.broken) {
        count(ReadStatus::kInvalid);
      }
    }
    begin = end + 1;
  }
}

AuditDecoder::AuditDecoder() : impl_(std::make_unique<Impl>()) {}
AuditDecoder::~AuditDecoder() = default;

AuditReport AuditDecoder::decode(std::string_view body, AuditBatch& batch) {
  impl_->batch = &batch;
  impl_->report = {};
  const std::size_t begin = body.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  JsonSplitter start(body, begin);
  if (!start.at_end()) {
    const std::size_t first = start.position();
    if (looks_like_lines(body.substr(first))) {
      impl_->lines(body, first);
    } else {
      impl_->documents(body, first);
    }
  }
  if (impl_->buffer.capacity() > kKeptBuffer) {
    impl_->buffer.release();
    impl_->parser = ondemand::parser{};
  }
  impl_->batch = nullptr;
  return std::move(impl_->report);
}

}  // namespace remint::detect
