#include "remint/kube/credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "remint/base/log.hpp"

namespace remint::kube {
namespace {

constexpr std::size_t kMaxToken = 64U << 10U;
constexpr std::size_t kMaxPem = 4U << 20U;
// A token that expires while its request is on the way is no use.
constexpr Duration kExecMargin = std::chrono::seconds(10);

// The token goes into a header: a line break in it would forge another header.
Result<std::string> clean_token(std::string text) {
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && blank(text.back())) {
    text.pop_back();
  }
  text.erase(text.begin(), std::ranges::find_if_not(text, blank));
  if (text.empty()) {
    return fail(ErrorCode::kInvalid, "is empty");
  }
  if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; })) {
    return fail(ErrorCode::kInvalid, "is not a token: it has blanks or control characters");
  }
  return text;
}

Result<std::string> read_material(const Material& material, std::string_view field) {
  if (material.file.empty()) {
    return material.inline_data;
  }
  auto content = read_file(material.file, kMaxPem);
  if (!content) {
    return fail_in(content.error(), field);
  }
  if (content->empty()) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: {} is empty", field, material.file));
  }
  return content;
}

std::string file_names(const Config& config) {
  std::string names;
  for (const Material* material : {&config.certificate_authority, &config.client_certificate, &config.client_key}) {
    if (!material->file.empty()) {
      names += names.empty() ? material->file : ", " + material->file;
    }
  }
  return names.empty() ? "" : fmt::format(" (in {})", names);
}

}  // namespace

Credentials::Credentials(Config config, const Clock& clock) : config_(std::move(config)), clock_(clock) {
  if (!config_.token.file.empty()) {
    token_file_.push_back({.path = config_.token.file, .stamp = {}});
  }
  for (const Material* material : {&config_.certificate_authority, &config_.client_certificate, &config_.client_key}) {
    if (!material->file.empty()) {
      tls_files_.push_back({.path = material->file, .stamp = {}});
    }
  }
}

Result<std::unique_ptr<Credentials>> Credentials::make(const Config& config, const Clock& clock) {
  std::unique_ptr<Credentials> credentials(new Credentials(config, clock));
  auto ready = credentials->load_tls(true);
  if (ready) {
    ready = credentials->load_token(true);
  }
  if (!ready) {
    return fail_in(ready.error(), config.origin);
  }
  return credentials;
}

bool Credentials::changed(std::vector<Watched>& files, bool force) const {
  bool any = force;
  for (Watched& file : files) {
    // Stamped before it is read: a change in between shows up as another change next time.
    const FileStamp stamp = stamp_file(file.path);
    any = any || !file.loaded || stamp != file.stamp;
    file.stamp = stamp;
    file.loaded = true;
  }
  return any;
}

Result<void> Credentials::load_token(bool force) {
  if (token_file_.empty()) {
    if (token_.empty() && !config_.token.inline_data.empty()) {
      auto token = clean_token(config_.token.inline_data);
      if (!token) {
        return fail_in(token.error(), "token");
      }
      token_ = std::move(*token);
    }
    return {};
  }
  if (!changed(token_file_, force)) {
    return {};
  }
  auto token = read_file(config_.token.file, kMaxToken);
  if (token) {
    token = clean_token(std::move(*token));
  }
  if (token) {
    token_ = std::move(*token);
    return {};
  }
  const Error error = token.error().in("token file " + config_.token.file);
  if (token_.empty()) {
    return std::unexpected(error);
  }
  log::warn("Cannot re-read the token; the last good one stays in use", {{"error", error}});
  return {};
}

Result<TlsInput> Credentials::read_tls() const {
  auto ca = read_material(config_.certificate_authority, "certificate-authority");
  if (!ca) {
    return std::unexpected(ca.error());
  }
  auto certificate = read_material(config_.client_certificate, "client-certificate");
  if (!certificate) {
    return std::unexpected(certificate.error());
  }
  auto key = read_material(config_.client_key, "client-key");
  if (!key) {
    return std::unexpected(key.error());
  }
  return TlsInput{.ca_pem = std::move(*ca), .certificate_pem = std::move(*certificate), .key_pem = std::move(*key)};
}

// Equal content keeps the parsed material, and with it the open connections: the kubelet replaces ca.crt together with
// every new token.
Result<void> Credentials::adopt_tls(const ExecCredential& exec) {
  auto read = read_tls();
  if (!read) {
    return std::unexpected(read.error());
  }
  TlsInput input = std::move(*read);
  if (input.certificate_pem.empty()) {
    input.certificate_pem = exec.certificate_pem;
    input.key_pem = exec.key_pem;
  }
  if (tls_ && input == tls_input_) {
    return {};
  }
  auto material = TlsMaterial::parse(input);
  if (!material) {
    Error error = material.error();
    error.message += file_names(config_);
    return std::unexpected(std::move(error));
  }
  tls_ = std::move(*material);
  tls_input_ = std::move(input);
  return {};
}

Result<void> Credentials::load_tls(bool force) {
  if (!changed(tls_files_, force || !tls_)) {
    return {};
  }
  auto loaded = adopt_tls(exec_);
  if (loaded || !tls_) {
    return loaded;
  }
  log::warn("Cannot re-read the certificates; the last good ones stay in use", {{"error", loaded.error()}});
  return {};
}

Result<void> Credentials::ensure_exec(std::unique_lock<std::mutex>& lock, bool force, Deadline deadline,
                                      const std::stop_token& stop) {
  const auto fresh = [&] { return exec_valid_ && (!exec_.expires || *exec_.expires - kExecMargin > clock_.now()); };
  const std::uint64_t runs_before = exec_runs_;
  while (force ? exec_runs_ == runs_before : !fresh()) {
    if (exec_running_) {
      if (!exec_done_.wait_until(lock, stop, deadline, [&] { return !exec_running_; })) {
        return stop.stop_requested() ? fail(ErrorCode::kCancelled, "stopped while waiting for the exec plugin")
                                     : fail(ErrorCode::kTimeout, "waited too long for the exec plugin");
      }
      continue;
    }
    exec_running_ = true;
    const std::string info = exec_info(config_, tls_input_.ca_pem);
    lock.unlock();
    auto credential = run_exec_plugin(config_.exec, info, deadline, stop);
    lock.lock();
    exec_running_ = false;
    exec_done_.notify_all();
    if (!credential) {
      return std::unexpected(credential.error());
    }
    if (!credential->token.empty()) {
      auto token = clean_token(std::move(credential->token));
      if (!token) {
        return fail_in(token.error(), "exec plugin: status.token");
      }
      credential->token = std::move(*token);
    }
    if (credential->certificate_pem != exec_.certificate_pem || credential->key_pem != exec_.key_pem) {
      auto adopted = adopt_tls(*credential);
      if (!adopted) {
        return fail_in(adopted.error(), "exec plugin");
      }
    }
    exec_ = std::move(*credential);
    exec_valid_ = true;
    ++exec_runs_;
    if (!fresh() && !force) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("exec plugin {} gave a credential that has already expired", config_.exec.command));
    }
  }
  return {};
}

Result<CredentialSnapshot> Credentials::current(Deadline deadline, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  auto ready = load_tls(false);
  if (ready) {
    ready = load_token(false);
  }
  if (ready && !config_.exec.command.empty()) {
    ready = ensure_exec(lock, false, deadline, stop);
  }
  if (!ready) {
    return fail_in(ready.error(), config_.origin);
  }
  return CredentialSnapshot{.tls = tls_, .bearer = config_.exec.command.empty() ? token_ : exec_.token};
}

bool Credentials::renew(const CredentialSnapshot& used, Deadline deadline, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto newer = [&] {
    return tls_ != used.tls || (config_.exec.command.empty() ? token_ : exec_.token) != used.bearer;
  };
  // Somebody else may have renewed since; otherwise look at everything once more, whatever the stamps say.
  auto ready = load_tls(true);
  if (ready) {
    ready = load_token(true);
  }
  if (ready && !newer() && !config_.exec.command.empty()) {
    ready = ensure_exec(lock, true, deadline, stop);
  }
  if (!ready) {
    log::warn("Cannot renew the credentials after a 401", {{"error", ready.error()}});
  }
  return newer();
}

}  // namespace remint::kube
