#include "log_wrapper.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "ascii.hpp"

namespace remint::detect {
namespace {

// "2026-01-02T03:04:05.678901234+00:00"
constexpr std::size_t kLongestTime = 35;

/// The word at the front of `rest`, eaten with the space after it.
std::optional<std::string_view> eat_word(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  if (space == std::string_view::npos) {
    return std::nullopt;
  }
  const auto word = rest.substr(0, space);
  rest.remove_prefix(space + 1);
  return word;
}

}  // namespace

LogPiece unwrap_cri(std::string_view line) {
  LogPiece piece{.text = line, .written = {}};
  // klog's lines begin with a letter, so this costs nothing where there is no wrapper.
  const std::size_t space = line.substr(0, kLongestTime + 1).find(' ');
  if (line.empty() || !is_digit(line[0]) || space == std::string_view::npos) {
    return piece;
  }
  piece.written = parse_rfc3339(line.substr(0, space));
  if (!piece.written) {
    return piece;
  }
  piece.text = line.substr(space + 1);
  std::string_view rest = piece.text;
  const auto stream = eat_word(rest);
  if (stream != "stdout" && stream != "stderr") {
    return piece;
  }
  // An empty line may lack the space after its tags. More tags may follow, each after a colon.
  const auto word = eat_word(rest);
  const std::string_view tags = word ? *word : std::exchange(rest, {});
  const std::string_view tag = tags.substr(0, tags.find(':'));
  if (tag != "F" && tag != "P") {
    return piece;
  }
  piece.text = rest;
  piece.whole = tag == "F";
  piece.error_stream = stream == "stderr";
  return piece;
}

std::optional<LogPiece> unwrap_docker(const nlohmann::json& object) {
  const auto text_of = [&](const char* key) -> const std::string* {
    const auto found = object.find(key);
    return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
  };
  const std::string* log = object.is_object() ? text_of("log") : nullptr;
  const std::string* stream = log == nullptr ? nullptr : text_of("stream");
  if (stream == nullptr) {
    return std::nullopt;
  }
  LogPiece piece{.text = *log, .written = {}};
  if (const std::string* time = text_of("time")) {
    piece.written = parse_rfc3339(*time);
  }
  piece.error_stream = *stream == "stderr";
  piece.whole = piece.text.ends_with('\n');
  if (piece.whole) {
    piece.text.remove_suffix(1);
  }
  return piece;
}

bool may_be_docker_piece(std::string_view json_text) {
  return json_text.starts_with("{\"log\":\"") && json_text.find("\\n\",\"stream\":") == std::string_view::npos;
}

}  // namespace remint::detect
