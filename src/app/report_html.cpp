#include <array>
#include <cstdint>
#include <ostream>

#include "remint/base/text.hpp"
#include "report_output.hpp"
#include "report_page.hpp"

namespace remint::app {
namespace {

/// 'sha256-...' of a Content-Security-Policy: this very text may run, and nothing else.
std::string csp_hash(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto hex = sha256_hex(text);
  const auto nibble = [](char c) { return static_cast<std::uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  std::string encoded;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : hex) {
    bits = (bits << 4U) | nibble(c);
    held += 4;
    if (held >= 6) {
      held -= 6;
      encoded += kAlphabet[(bits >> held) & 63U];
    }
  }
  if (held > 0) encoded += kAlphabet[(bits << (6 - held)) & 63U];
  while (encoded.size() % 4 != 0) encoded += '=';
  return "'sha256-" + encoded + "'";
}

}  // namespace

std::string for_script_element(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '<') {
      safe += "\\u003c";
    } else if (c == '>') {
      safe += "\\u003e";
    } else if (c == '&') {
      safe += "\\u0026";
    } else if (json.substr(i).starts_with("\xE2\x80\xA8") || json.substr(i).starts_with("\xE2\x80\xA9")) {
      safe += json[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      safe += c;
    }
  }
  return safe;
}

void print_report_html(const controllers::Report& report, std::ostream& out) {
  const std::array<std::pair<std::string_view, std::string>, 5> parts{{
      {"{{style-hash}}", csp_hash(kPageCss)},
      {"{{script-hash}}", csp_hash(kPageScript)},
      {"{{style}}", kPageCss},
      {"{{data}}", for_script_element(controllers::report_json(report))},
      {"{{script}}", kPageScript},
  }};
  // In the order in which they stand in the page: what was put in is never looked at again.
  std::string_view rest = kPageHtml;
  for (const auto& [mark, text] : parts) {
    const auto at = rest.find(mark);
    if (at == std::string_view::npos) continue;
    out << rest.substr(0, at) << text;
    rest.remove_prefix(at + mark.size());
  }
  out << rest;
}

}  // namespace remint::app
