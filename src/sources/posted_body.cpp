#include "posted_body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "remint/base/gzip.hpp"
#include "remint/base/text.hpp"

namespace remint::sources {
namespace {

/// "Application/JSON; charset=utf-8" -> "application/json"
std::string essence(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  while (media_type.ends_with(' ') || media_type.ends_with('\t')) media_type.remove_suffix(1);
  std::string lower(media_type);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

bool is_gzip(std::string_view encoding) { return encoding == "gzip" || encoding == "x-gzip"; }

}  // namespace

std::optional<std::string> unsupported_content(const http::Request& request) {
  constexpr std::array<std::string_view, 9> kTypes = {"",  // none is said
                                                      "application/json",
                                                      "application/x-ndjson",
                                                      "application/ndjson",
                                                      "application/jsonl",
                                                      "application/x-jsonlines",
                                                      "application/stream+json",
                                                      "text/plain",
                                                      "text/json"};
  const auto type = essence(request.content_type);
  if (std::ranges::find(kTypes, type) == kTypes.end() && !type.ends_with("+json")) {
    return "Content-Type " + sanitize(request.content_type, 100) +
           " is not supported; send application/json or application/x-ndjson";
  }
  const auto encoding = essence(request.content_encoding);
  if (!encoding.empty() && encoding != "identity" && !is_gzip(encoding)) {
    return "Content-Encoding " + sanitize(request.content_encoding, 100) + " is not supported; send gzip or none";
  }
  return std::nullopt;
}

bool is_blank(std::string_view body) { return body.find_first_not_of(" \t\r\n") == std::string_view::npos; }

Result<PostedBody> PostedBody::unpack(const http::Request& request, std::size_t max_bytes) {
  PostedBody body;
  body.raw_ = request.body;
  if (request.body.empty() || (!is_gzip(essence(request.content_encoding)) && !looks_gzipped(request.body))) {
    return body;
  }
  auto unpacked = gunzip(request.body, max_bytes);
  if (unpacked) {
    body.unpacked_ = std::move(*unpacked);
    return body;
  }
  if (unpacked.error().code == ErrorCode::kTooLarge) {
    return fail(ErrorCode::kTooLarge, fmt::format("the body unpacks to more than {} bytes", max_bytes));
  }
  return std::unexpected(unpacked.error());
}

}  // namespace remint::sources
