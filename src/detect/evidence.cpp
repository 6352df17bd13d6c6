#include "evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

}  // namespace

Evidence rejection_note(const AuditBatch& batch, const AuditRecord& record, std::string_view pod_name) {
  constexpr std::size_t kMaxPath = 200;
  constexpr std::size_t kMaxAgent = 120;
  const std::string_view uri = batch.text(record.uri);
  // The query may hold what is nobody's business.
  const std::string path = sanitize(uri.substr(0, uri.find('?')), kMaxPath);
  const std::string agent = sanitize(batch.text(record.user_agent), kMaxAgent);
  return {"audit", record.received,
          fmt::format("401 to {} {} from {}{}, {}", sanitize(upper(batch.text(record.verb)), 20), path,
                      record.source ? record.source->to_string() : "an unknown address",
                      pod_name.empty() ? std::string() : fmt::format(" (pod {})", sanitize(pod_name)),
                      agent.empty() ? std::string("no user agent") : fmt::format("user agent \"{}\"", agent))};
}

}  // namespace remint::detect
