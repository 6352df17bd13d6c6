// Reads the parser's events instead of its node tree: the budget then counts what is really built, aliases expanded,
// duplicate keys are seen, and the tree (130 MB for 1 MB of text) never exists.
#include "remint/base/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "remint/base/text.hpp"
#include "yaml_scalar.hpp"

namespace remint {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxBytes = 1U << 20U;
constexpr std::size_t kMaxNodes = 100'000;
constexpr std::size_t kMaxExpanded = 8U << 20U;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxDocuments = 100;

/// Thrown through yaml-cpp, caught in parse_yaml().
struct Refused {
  ErrorCode code;
  std::string message;
};

/// What a value takes of the caps.
struct Size {
  std::size_t nodes = 1;
  std::size_t bytes = 0;  ///< of its texts
};

std::string position(const YAML::Mark& mark) {
  return mark.is_null() ? std::string("YAML") : fmt::format("line {}, column {}", mark.line + 1, mark.column + 1);
}

[[noreturn]] void refuse(const YAML::Mark& mark, std::string_view problem, ErrorCode code = ErrorCode::kInvalid) {
  throw Refused{code, fmt::format("{}: {}", position(mark), problem)};
}

class DocumentBuilder final : public YAML::EventHandler {
 public:
  [[nodiscard]] json take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (wants_key()) {
      refuse(mark, "a key is missing");
    }
    place(mark, anchor, nullptr, {});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto anchored = anchored_.find(anchor);
    if (anchored == anchored_.end()) {
      refuse(mark, "an alias stands inside of the value that it repeats");
    }
    if (wants_key()) {
      refuse(mark, "an alias cannot be a key");
    }
    // Before the copy, so that a bomb costs nothing.
    count(mark, anchored->second.size);
    add(json(anchored->second.value));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (wants_key()) {
      take_key(mark, tag, anchor, text);
      return;
    }
    auto value = read_yaml_scalar(tag, text);
    if (!value) {
      refuse(mark, value.error().message);
    }
    place(mark, anchor, std::move(*value), {.bytes = text.size()});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, json::array());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, json::object());
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    json value;
    std::optional<std::string> key;  ///< of a map: the key whose value comes next
    YAML::Mark mark;
    YAML::anchor_t anchor;
    Size before;
  };
  struct Anchored {
    json value;
    Size size;
  };

  [[nodiscard]] bool wants_key() const {
    return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().key;
  }

  void take_key(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& text) {
    if (tag == "?" && text == "<<") {
      refuse(mark, "merge keys (<<) are not supported; write the fields out");
    }
    if (frames_.back().value.contains(text)) {
      refuse(mark, fmt::format("the key \"{}\" is there twice", sanitize(text, 80)));
    }
    const Size size{.bytes = text.size()};
    count(mark, size);
    remember(mark, anchor, text, size);
    frames_.back().key = text;
  }

  void count(const YAML::Mark& mark, const Size& more) {
    size_.nodes += more.nodes;
    size_.bytes += more.bytes;
    if (size_.nodes > kMaxNodes) {
      refuse(mark, fmt::format("more than {} values, aliases counted as often as they are used", kMaxNodes),
             ErrorCode::kTooLarge);
    }
    if (size_.bytes > kMaxExpanded) {
      refuse(mark, fmt::format("more than {} bytes of text, aliases counted as often as they are used", kMaxExpanded),
             ErrorCode::kTooLarge);
    }
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, json empty) {
    if (wants_key()) {
      refuse(mark, "a key must be a string");
    }
    if (!is_core_collection_tag(tag, empty.is_array())) {
      refuse(mark, fmt::format("the tag {} is not supported", sanitize(tag, 80)));
    }
    if (frames_.size() == kMaxDepth) {
      refuse(mark, fmt::format("nested more than {} levels deep", kMaxDepth), ErrorCode::kTooLarge);
    }
    frames_.push_back({std::move(empty), std::nullopt, mark, anchor, size_});
    count(mark, {});
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    remember(frame.mark, frame.anchor, frame.value,
             {.nodes = size_.nodes - frame.before.nodes, .bytes = size_.bytes - frame.before.bytes});
    add(std::move(frame.value));
  }

  void place(const YAML::Mark& mark, YAML::anchor_t anchor, json value, const Size& size) {
    count(mark, size);
    remember(mark, anchor, value, size);
    add(std::move(value));
  }

  void remember(const YAML::Mark& mark, YAML::anchor_t anchor, const json& value, const Size& size) {
    if (anchor != 0) {
      count(mark, size);  // the copy costs memory like any other
      anchored_.insert_or_assign(anchor, Anchored{value, size});
    }
  }

  void add(json value) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.value.is_array()) {
      frame.value.push_back(std::move(value));
    } else if (frame.key) {
      frame.value[*frame.key] = std::move(value);
      frame.key.reset();
    }
  }

  json root_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchored_;
  Size size_{.nodes = 0};
};

/// yaml-cpp stops in silence at byte 4, which it uses as its own end mark, and repairs bad UTF-8 without a word.
std::optional<Error> find_foreign_bytes(std::string_view text) {
  if (!is_valid_utf8(text)) {
    return Error{ErrorCode::kInvalid, "YAML is not valid UTF-8; save the file as UTF-8", 0};
  }
  std::size_t line = 1;
  for (const char c : text) {
    line += c == '\n' ? 1 : 0;
    if ((c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == '\x7f') {
      return Error{ErrorCode::kInvalid, fmt::format("line {}: control character \\x{:02x}", line, static_cast<int>(c)),
                   0};
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<json>> parse_yaml(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("YAML of {} bytes is larger than the {} bytes allowed", text.size(), kMaxBytes));
  }
  if (auto foreign = find_foreign_bytes(text)) {
    return std::unexpected(std::move(*foreign));
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    std::vector<json> documents;
    for (std::size_t seen = 0;; ++seen) {
      DocumentBuilder builder;
      if (!parser.HandleNextDocument(builder)) {
        return documents;
      }
      if (seen == kMaxDocuments) {
        return fail(ErrorCode::kTooLarge, fmt::format("more than {} YAML documents in one file", kMaxDocuments));
      }
      if (json document = builder.take(); !document.is_null()) {
        documents.push_back(std::move(document));
      }
    }
  } catch (const Refused& refused) {
    return fail(refused.code, refused.message);
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: {}", position(error.mark), sanitize(error.msg, 200)));
  }
}

}  // namespace remint
