#pragma once
// Making hostile text safe for terminals, logs, Events and chat.

#include <string>
#include <string_view>

namespace remint {

/// Valid UTF-8 (bad bytes become U+FFFD) without control characters (they become the six characters \u00XX, or a space
/// for tabs and newlines), invisible and direction-changing characters removed, secrets redacted (see redact), cut to
/// `max_bytes` on a character boundary with "..." at the end. Costs no more than a text of a few times `max_bytes`
/// would.
[[nodiscard]] std::string sanitize(std::string_view text, std::size_t max_bytes = 512);

/// Replaces by "[redacted]": JWTs (also cut off), the value of "Bearer xyz" and "Basic xyz" and of names such as
/// password, token, secret, api key or private key ("token=xyz", "\"token\": \"xyz\""), tokens of GitHub, GitLab and
/// Slack, key ids of AWS, private keys in PEM, and passwords in URLs. Leaves prose such as "invalid bearer token"
/// alone. Linear in the length of the text; twice is the same as once.
[[nodiscard]] std::string redact(std::string_view text);

[[nodiscard]] bool is_valid_utf8(std::string_view text);

/// Lower-case hex of the first `bytes` (at most 32) bytes of SHA-256: for deterministic names.
[[nodiscard]] std::string sha256_hex(std::string_view text, std::size_t bytes = 32);

/// Lower-case hex of HMAC-SHA256 (RFC 2104), 64 characters. Any key length; an empty key protects nothing.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view text);

/// Are they equal? Takes as long for texts that differ in the first byte as for those that differ in the last one, so
/// that a secret cannot be found out byte by byte. The length is no secret.
[[nodiscard]] bool same_secret(std::string_view a, std::string_view b);

/// A valid DNS-1123 label of at most `max` characters: lower-cased, other characters (dots too) to '-', cut, trimmed.
/// "x" when nothing is left.
[[nodiscard]] std::string dns_name(std::string_view text, std::size_t max = 253);

}  // namespace remint
