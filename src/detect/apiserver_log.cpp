// Bytes to lines, pieces to lines, and the counts. What a line says is read elsewhere.
#include "remint/detect/apiserver_log.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "apiserver_line.hpp"
#include "log_wrapper.hpp"
#include "remint/base/json.hpp"

namespace remint::detect {
namespace {

/// A line that a container runtime cut; bounded by its owner.
struct CutLine {
  std::string text;
  std::optional<Time> written;  ///< of its first piece, which comes closest to klog's own time
  bool pending = false, too_long = false;
};

}  // namespace

struct ApiServerLogParser::Impl {
  enum class Skip : std::uint8_t { kNothing, kTooLong, kUncounted };

  explicit Impl(ApiServerLogLimits chosen) : limits(chosen) {}

  void add_rest(std::string_view bytes) {
    if (skip == Skip::kNothing && rest.size() + bytes.size() > limits.line_bytes) {
      skip = Skip::kTooLong;
    }
    if (skip == Skip::kNothing) {
      rest += bytes;
    } else {
      rest.clear();
    }
  }

  /// A line feed was found: `rest` and then `tail` are a line.
  void end_line(std::string_view tail, const LogClock& clock, const Visitor& visit) {
    if (skip == Skip::kNothing && rest.empty() && tail.size() <= limits.line_bytes) {
      take_line(tail, clock, visit);  // the usual case copies nothing
      return;
    }
    add_rest(tail);
    const Skip was = std::exchange(skip, Skip::kNothing);
    if (was == Skip::kNothing) {
      const std::string line = std::exchange(rest, {});
      take_line(line, clock, visit);
    } else if (was == Skip::kTooLong) {
      count_too_long();
    }
  }

  void take_line(std::string_view line, const LogClock& clock, const Visitor& visit) {
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (!line.starts_with('{')) {
      take_piece(unwrap_cri(line), clock, visit);
      return;
    }
    // docker writes its own fields after the text, so what continues a cut line is known only by parsing it.
    const bool cut = cut_lines[0].pending || cut_lines[1].pending || may_be_docker_piece(line);
    if (!cut && !may_matter(line)) {
      count(LineVerdict::kIgnored, {}, visit);
      return;
    }
    const auto object = parse_json(line, limits.line_bytes);
    if (!object) {
      count(LineVerdict::kInvalid, {}, visit);
    } else if (const auto piece = unwrap_docker(*object)) {
      take_piece(*piece, clock, visit);
    } else {
      ApiServerLine read;
      const LineVerdict verdict = read_json_line(*object, {clock, {}}, read);
      count(verdict, std::move(read), visit);
    }
  }

  void take_piece(const LogPiece& piece, const LogClock& clock, const Visitor& visit) {
    CutLine& cut = cut_lines[piece.error_stream ? 1 : 0];
    if (!cut.pending && piece.whole) {
      take_text(piece.text, {clock, piece.written}, visit);
      return;
    }
    if (!cut.pending) {
      cut.pending = true;
      cut.written = piece.written;
    }
    cut.too_long = cut.too_long || cut.text.size() + piece.text.size() > limits.line_bytes;
    if (cut.too_long) {
      cut.text.clear();
    } else {
      cut.text += piece.text;
    }
    if (piece.whole) {
      take_cut(cut, clock, visit);
    }
  }

  void take_cut(CutLine& cut, const LogClock& clock, const Visitor& visit) {
    const CutLine line = std::exchange(cut, {});
    if (line.too_long) {
      count_too_long();
    } else {
      take_text(line.text, {clock, line.written}, visit);
    }
  }

  /// klog's own line, nothing around it.
  void take_text(std::string_view text, const LineTime& when, const Visitor& visit) {
    ApiServerLine line;
    LineVerdict verdict = LineVerdict::kIgnored;
    if (!text.starts_with('{')) {
      verdict = read_text_line(text, when, line);
    } else if (may_matter(text)) {
      const auto object = parse_json(text, limits.line_bytes);
      verdict = object ? read_json_line(*object, when, line) : LineVerdict::kInvalid;
    }
    count(verdict, std::move(line), visit);
  }

  void count(LineVerdict verdict, ApiServerLine&& line, const Visitor& visit) {
    ++counts.lines;
    if (verdict == LineVerdict::kIgnored) {
      ++counts.ignored;
    } else if (verdict == LineVerdict::kInvalid) {
      ++counts.invalid;
    } else {
      ++(line.kind == ApiServerLine::Kind::kReason ? counts.reasons : counts.requests);
      visit(std::move(line));
    }
  }

  void count_too_long() {
    ++counts.lines;
    ++counts.too_long;
  }

  const ApiServerLogLimits limits;
  ApiServerLogCounts counts;
  std::string rest;                  ///< of a line whose end has not come yet
  Skip skip = Skip::kNothing;        ///< why it is not kept
  std::array<CutLine, 2> cut_lines;  ///< of stdout and of stderr
};

ApiServerLogParser::ApiServerLogParser(ApiServerLogLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
ApiServerLogParser::~ApiServerLogParser() = default;

void ApiServerLogParser::feed(std::string_view bytes, const LogClock& clock, const Visitor& visit) {
  for (;;) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      impl_->add_rest(bytes);
      return;
    }
    impl_->end_line(bytes.substr(0, end), clock, visit);
    bytes.remove_prefix(end + 1);
  }
}

void ApiServerLogParser::finish(const LogClock& clock, const Visitor& visit) {
  if (!impl_->rest.empty() || impl_->skip != Impl::Skip::kNothing) {
    impl_->end_line({}, clock, visit);
  }
  for (CutLine& cut : impl_->cut_lines) {
    if (cut.pending) {
      impl_->take_cut(cut, clock, visit);
    }
  }
}

void ApiServerLogParser::begin_within_line() {
  impl_->rest.clear();
  impl_->skip = Impl::Skip::kUncounted;
}

const ApiServerLogCounts& ApiServerLogParser::counts() const { return impl_->counts; }

}  // namespace remint::detect
