#include "remint/detect/pod_log_shipped.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "json_splitter.hpp"
#include "log_wrapper.hpp"
#include "shipped_pieces.hpp"

namespace remint::detect {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kKeptDocument = 1U << 20U;
/// 9999-12-31, in microseconds.
constexpr double kLastTime = 253'402'300'799e6;

std::string_view first_text(dom::object object, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys) {
    if (const auto text = text_of(object, key); !text.empty()) {
      return text;
    }
  }
  return {};
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970: of times of our century the size tells which.
std::optional<Time> time_of_number(double number) {
  if (!(number > 0)) {
    return std::nullopt;
  }
  double micros = number * 1e6;
  for (const double unit : {1e11, 1e14, 1e17}) {
    if (number >= unit) {
      micros /= 1e3;
    }
  }
  return micros <= kLastTime ? std::optional(Time(Duration(std::llround(micros)))) : std::nullopt;
}

/// OTLP's nanoseconds are 64 bits in a string, of which a double would keep 53.
std::optional<Time> time_of_digits(std::string_view text) {
  std::uint64_t nanos = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), nanos);
  if (error != std::errc{} || end != text.data() + text.size() || nanos == 0 ||
      static_cast<double>(nanos) / 1e3 > kLastTime) {
    return std::nullopt;
  }
  return Time(Duration(static_cast<std::int64_t>(nanos / 1000)));
}

std::optional<Time> time_of(dom::element element) {
  if (std::string_view text; !element.get(text)) {
    return parse_rfc3339(text);
  }
  double number = 0;
  return element.get(number) ? std::nullopt : time_of_number(number);
}

std::optional<Time> time_of_nanos(dom::object record) {
  dom::element element;
  if (record["timeUnixNano"].get(element)) {
    return std::nullopt;
  }
  if (std::string_view text; !element.get(text)) {
    return time_of_digits(text);
  }
  std::uint64_t nanos = 0;
  return element.get(nanos) ? std::nullopt : time_of_digits(fmt::format_int(nanos).c_str());
}

/// Elastic's {"pod": {"name": "x"}}.
std::string_view text_in(dom::object object, std::string_view outer, std::string_view inner) {
  dom::object nested;
  return object[outer].get(nested) ? std::string_view() : text_of(nested, inner);
}

std::string_view either(std::string_view first, std::string_view second) { return first.empty() ? second : first; }

/// Whether the container runtime's own prefix is still there: nobody parsed the file.
bool has_runtime_prefix(std::string_view text) {
  const auto rest = text.substr(std::min(text.find(' '), text.size()));
  return rest.starts_with(" stdout ") || rest.starts_with(" stderr ");
}

constexpr const char* kTwoPods =
    "a record says twice which pod it is of (two kubernetes fields): one may be the application's own";
constexpr const char* kNoPod =
    "a record does not say which pod it is of: let the collector add Kubernetes metadata (Fluent Bit: the kubernetes "
    "filter; Vector: the kubernetes_logs source; OpenTelemetry: the container operator or k8sattributes)";
constexpr const char* kNoText =
    "a record has no text in \"log\", \"message\" or \"body\": let the collector keep the line as it is (Fluent Bit: "
    "Keep_Log On)";
constexpr const char* kNoTime =
    "a record has no time of its own that can be read, in \"date\", \"timestamp\", \"@timestamp\", \"time\" or "
    "\"timeUnixNano\"";

}  // namespace

struct PodLogShippedReader::Impl {
  void invalid(ErrorCode code, std::string why) {
    ++found.invalid;
    if (!found.problem) {
      found.problem = Error{code, std::move(why)};
    }
  }

  void read(std::string_view body) {
    bool by_line = false;  // after a break a value has to end in its line: else each bad line would cost all the rest
    JsonSplitter splitter(body);
    while (!splitter.at_end()) {
      // Brackets and commas between records: an array is its records, and one that was cut is those before the cut.
      if (splitter.eat('[') || splitter.eat(']') || splitter.eat(',')) {
        continue;
      }
      const std::size_t begin = splitter.position();
      const std::size_t line_end = by_line ? std::min(body.find('\n', begin), body.size()) : body.size();
      JsonSplitter one(body.substr(0, line_end), begin);
      if (const auto value = one.value(); value && document(*value)) {
        splitter = JsonSplitter(body, one.position());
        continue;
      }
      const std::size_t next = body.find('\n', begin);
      invalid(ErrorCode::kInvalid, fmt::format("the JSON breaks at byte {}", begin));
      if (next == std::string_view::npos) {
        found.broken = true;
        return;
      }
      by_line = true;
      splitter = JsonSplitter(body, next);
    }
  }

  /// False: no JSON.
  bool document(std::string_view text) {
    if (text.size() > kMaxDocument) {
      invalid(ErrorCode::kTooLarge, fmt::format("a record is larger than {} MiB", kMaxDocument >> 20U));
      return true;
    }
    dom::element element;
    if (parser.parse(text.data(), text.size()).get(element)) {
      return false;
    }
    dom::object object;
    if (element.get(object)) {
      invalid(ErrorCode::kInvalid, "a record is no object");
      return true;
    }
    dom::array resources;
    if (!object["resourceLogs"].get(resources)) {
      take_otlp(resources);
    } else {
      take_record(object);
    }
    return true;
  }

  void take_record(dom::object record) {
    ShippedPodLine line;
    dom::object kubernetes;
    // Two of them: one may be the application's, whose JSON was merged into the record.
    std::size_t named = 0;
    for (const auto& [key, value] : record) {
      named += key == "kubernetes" ? 1U : 0U;
    }
    if (named > 1) {
      return invalid(ErrorCode::kInvalid, kTwoPods);
    }
    if (!record["kubernetes"].get(kubernetes)) {
      line.ns = first_text(kubernetes, {"namespace_name", "pod_namespace", "namespace"});
      line.pod = either(text_of(kubernetes, "pod_name"), text_in(kubernetes, "pod", "name"));
      line.uid = either(first_text(kubernetes, {"pod_id", "pod_uid"}), text_in(kubernetes, "pod", "uid"));
      line.container = either(text_of(kubernetes, "container_name"), text_in(kubernetes, "container", "name"));
    }
    std::optional<Time> time;
    // Fluent Bit's own first: it merges the application's JSON into the record, which may have a "time", too.
    for (const auto* key : {"date", "timestamp", "@timestamp", "time"}) {
      if (dom::element element; !time && !record[key].get(element)) {
        time = time_of(element);
      }
    }
    take_text(line, time, first_text(record, {"log", "message"}));
  }

  void take_otlp(dom::array resources) {
    for (const dom::element resource : resources) {
      ShippedPodLine line;
      dom::array attributes;
      if (!resource["resource"]["attributes"].get(attributes)) {
        read_attributes(attributes, line);
      }
      dom::array scopes;
      if (resource["scopeLogs"].get(scopes)) {
        continue;
      }
      for (const dom::element scope : scopes) {
        dom::array records;
        if (scope["logRecords"].get(records)) {
          continue;
        }
        for (const dom::element record : records) {
          take_otlp_record(record, line);
        }
      }
    }
  }

  void take_otlp_record(dom::element element, ShippedPodLine line) {
    dom::object record;
    if (element.get(record)) {
      return invalid(ErrorCode::kInvalid, "a log record is no object");
    }
    // The application may have written them: they count only where the collector itself names nobody.
    const bool named = !line.ns.empty() || !line.pod.empty() || !line.uid.empty();
    if (dom::array attributes; !named && !record["attributes"].get(attributes)) {
      read_attributes(attributes, line);
    }
    std::string_view text;
    if (record["body"]["stringValue"].get(text)) {
      text = {};
    }
    take_text(line, time_of_nanos(record), text);
  }

  static void read_attributes(dom::array attributes, ShippedPodLine& line) {
    for (const dom::element element : attributes) {
      dom::object attribute;
      std::string_view value;
      if (element.get(attribute) || attribute["value"]["stringValue"].get(value)) {
        continue;
      }
      const auto key = text_of(attribute, "key");
      auto* target = key == "k8s.namespace.name"   ? &line.ns
                     : key == "k8s.pod.name"       ? &line.pod
                     : key == "k8s.pod.uid"        ? &line.uid
                     : key == "k8s.container.name" ? &line.container
                                                   : nullptr;
      if (target != nullptr && target->empty()) {
        *target = value;
      }
    }
  }

  void take_text(ShippedPodLine line, std::optional<Time> time, std::string_view text) {
    const bool named = !line.uid.empty() || (!line.ns.empty() && !line.pod.empty());
    if (!named || std::max({line.ns.size(), line.pod.size(), line.uid.size(), line.container.size()}) > kMaxName) {
      return invalid(ErrorCode::kInvalid, kNoPod);
    }
    if (text.empty()) {
      return invalid(ErrorCode::kInvalid, kNoText);
    }
    if (has_runtime_prefix(text)) {
      const auto piece = unwrap_cri(text);
      time = piece.written ? piece.written : time;
      text = piece.text;
    }
    if (!time) {
      return invalid(ErrorCode::kInvalid, kNoTime);
    }
    line.time = *time;
    ++found.records;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      line.line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      (*take)(line);
    }
  }

  dom::parser parser;
  ShippedPodLog found;
  const Take* take = nullptr;
};

PodLogShippedReader::PodLogShippedReader() : impl_(std::make_unique<Impl>()) {}
PodLogShippedReader::~PodLogShippedReader() = default;

ShippedPodLog PodLogShippedReader::read(std::string_view body, const Take& take) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (body.starts_with(kByteOrderMark)) {
    body.remove_prefix(kByteOrderMark.size());
  }
  impl_->found = {};
  impl_->take = &take;
  impl_->read(body);
  if (impl_->parser.capacity() > kKeptDocument) {
    impl_->parser = dom::parser{};
  }
  return std::exchange(impl_->found, {});
}

}  // namespace remint::detect
