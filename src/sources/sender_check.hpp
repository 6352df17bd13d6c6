#pragma once
// Who may post to an endpoint.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/base/file.hpp"
#include "remint/http/server.hpp"
#include "remint/sources/audit_webhook.hpp"

namespace remint::sources {

/// Thread-safe.
class SenderCheck {
 public:
  /// kInvalid when nothing is demanded of a sender, or the token file is unusable.
  [[nodiscard]] static Result<std::unique_ptr<SenderCheck>> create(const AuditWebhookSettings& settings,
                                                                   const Clock& clock);
  [[nodiscard]] bool may_post(const http::Request& request);

 private:
  SenderCheck(const AuditWebhookSettings& settings, const Clock& clock)
      : certificates_(settings.demand_client_certificate),
        client_names_(settings.client_names),
        open_(settings.no_authentication && settings.token_file.empty()),
        token_file_(settings.token_file),
        token_name_(settings.token_of + " bearer token"),
        clock_(clock) {}
  [[nodiscard]] bool certificate_suffices(const http::Request& request);
  [[nodiscard]] Result<void> load_token();
  [[nodiscard]] bool token_matches(std::string_view shown);

  const bool certificates_;
  const std::vector<std::string> client_names_;
  const bool open_;
  const std::string token_file_, token_name_;
  const Clock& clock_;
  std::mutex mutex_;  ///< guards what follows
  FileStamp stamp_;
  std::string token_digest_;
  std::chrono::nanoseconds next_look_{0};
  bool told_of_name_ = false;
};

}  // namespace remint::sources
