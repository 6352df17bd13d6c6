#include "remint/http/server.hpp"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <thread>
#include <utility>

#include "address.hpp"
#include "connection.hpp"
#include "tls_context.hpp"

namespace remint::http {
namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

constexpr auto kReloadEvery = 1s;
constexpr auto kAcceptRetry = 100ms;  // out of file descriptors: some will come free
constexpr auto kLinger = 500ms;       // see Server::drain
constexpr auto kAbortWait = 1s;

class BeastServer final : public Server {
 public:
  BeastServer(Settings settings, std::vector<Route> routes, metrics::Registry& metrics)
      : core_(std::move(settings), std::move(routes), metrics),
        context_(static_cast<int>(std::max(1U, core_.settings.threads))),
        strand_(asio::make_strand(context_)),
        acceptor_(strand_),
        retry_(strand_),
        reload_(strand_) {}

  ~BeastServer() override { drain(0ms); }

  Result<void> open() {
    if (core_.settings.tls) {
      watch_.emplace(*core_.settings.tls);
      if (auto loaded = load_certificates(); !loaded) return loaded;
      check_certificates_later();
    }
    if (auto bound = bind(); !bound) return bound;
    if (core_.router.any_aside()) core_.aside.start();
    accept();
    for (unsigned i = 0; i < std::max(1U, core_.settings.threads); ++i) threads_.emplace_back([this] { run(); });
    return {};
  }

  std::uint16_t port() const override { return port_; }

  void drain(std::chrono::milliseconds deadline) override {
    const std::lock_guard one_at_a_time(drain_mutex_);
    if (std::exchange(drained_, true)) return;
    const auto until = std::chrono::steady_clock::now() + deadline;
    core_.linger = std::min<std::chrono::milliseconds>(kLinger, deadline / 2);
    core_.draining = true;
    asio::post(strand_, [this] {
      error_code ignored;  // closed either way
      acceptor_.close(ignored);
      retry_.cancel();
      reload_.cancel();
    });
    for (const auto& connection : connections()) connection->drain();
    if (!wait_until_empty(until)) {
      core_.aside.close();
      for (const auto& connection : connections()) connection->abort();
      static_cast<void>(wait_until_empty(std::chrono::steady_clock::now() + kAbortWait));
    }
    core_.aside.stop();
    context_.stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  Result<void> bind() {
    const auto& listen = core_.settings.listen;
    const auto parsed = parse_listen(listen);
    if (!parsed) return std::unexpected(parsed.error());
    error_code error;
    const auto address = asio::ip::make_address(parsed->address, error);
    const Tcp::endpoint endpoint(address, parsed->port);
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error && address.is_v6()) acceptor_.set_option(asio::ip::v6_only(false), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return fail(ErrorCode::kUnavailable,
                  "cannot listen on " + listen + " (server \"" + core_.settings.name + "\"): " + error.message());
    }
    port_ = acceptor_.local_endpoint().port();
    return {};
  }

  void run() {
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& error) {
        // The connection whose step threw is gone with its handler; the others go on. In practice: out of memory.
        log::error("HTTP connection failed", {{"server", core_.settings.name}, {"error", error.what()}});
      }
    }
  }

  void accept() {
    // With one thread everything is serial already, and a strand would only cost time.
    const asio::any_io_executor executor = core_.settings.threads <= 1
                                               ? asio::any_io_executor(context_.get_executor())
                                               : asio::any_io_executor(asio::make_strand(context_));
    acceptor_.async_accept(executor, asio::bind_executor(strand_, [this](const error_code& error, Tcp::socket socket) {
                             if (!acceptor_.is_open() || core_.draining) return;
                             if (!error) {
                               accept();  // first: a connection that fails to start must not be the last one
                               return welcome(std::move(socket));
                             }
                             if (error == asio::error::connection_aborted) return accept();
                             log::warn("Cannot accept connections",
                                       {{"server", core_.settings.name}, {"error", error.message()}});
                             retry_.expires_after(kAcceptRetry);
                             retry_.async_wait([this](const error_code& cancelled) {
                               if (!cancelled) accept();
                             });
                           }));
  }

  void welcome(Tcp::socket socket) {
    std::shared_ptr<Connection> connection;
    {
      const std::lock_guard lock(core_.mutex);
      if (core_.connections.size() >= core_.settings.limits.connections) {
        core_.metrics.rejected(Rejection::kConnections);
        return;  // closes it
      }
    }
    connection = std::make_shared<Connection>(std::move(socket), tls_, core_);
    {
      const std::lock_guard lock(core_.mutex);
      core_.connections.emplace(connection.get(), connection);
    }
    connection->start();
  }

  Result<void> load_certificates() {
    auto loaded = load_tls(watch_->files());
    if (!loaded) return std::unexpected(loaded.error());
    tls_ = std::make_shared<asio::ssl::context>(loaded->release());
    return {};
  }

  void check_certificates_later() {
    reload_.expires_after(kReloadEvery);
    reload_.async_wait([this](const error_code& cancelled) {
      if (cancelled) return;
      check_certificates();
      check_certificates_later();
    });
  }

  void check_certificates() {
    const bool changed = watch_->changed();
    if (!changed && !retry_load_) return;
    const auto loaded = load_certificates();
    retry_load_ = !loaded;
    if (!loaded && !changed) return;  // said before
    core_.metrics.certificate_loaded(loaded.has_value());
    if (loaded) {
      log::info("TLS certificates reloaded",
                {{"server", core_.settings.name}, {"file", watch_->files().certificate_file}});
    } else {
      log::error("Changed TLS certificates cannot be used, the old ones stay",
                 {{"server", core_.settings.name}, {"error", loaded.error()}});
    }
  }

  std::vector<std::shared_ptr<Connection>> connections() {
    std::vector<std::shared_ptr<Connection>> alive;
    const std::lock_guard lock(core_.mutex);
    // Reserved first: dropping a last reference in here would lock the mutex again.
    alive.reserve(core_.connections.size());
    for (const auto& [key, connection] : core_.connections) {
      if (auto locked = connection.lock()) alive.push_back(std::move(locked));
    }
    return alive;
  }

  bool wait_until_empty(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(core_.mutex);
    return core_.emptied.wait_until(lock, until, [this] { return core_.connections.empty(); });
  }

  // Connections die with the context and still need the core: this order.
  Core core_;
  asio::io_context context_;
  asio::strand<asio::io_context::executor_type> strand_;
  Tcp::acceptor acceptor_;
  asio::steady_timer retry_, reload_;
  std::optional<TlsFilesWatch> watch_;
  std::shared_ptr<asio::ssl::context> tls_;  ///< swapped on reload; used on strand_ only
  bool retry_load_ = false;
  std::uint16_t port_ = 0;
  std::vector<std::thread> threads_;
  std::mutex drain_mutex_;
  bool drained_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(Settings settings, std::vector<Route> routes,
                                              metrics::Registry& metrics) {
  auto server = std::make_unique<BeastServer>(std::move(settings), std::move(routes), metrics);
  if (auto opened = server->open(); !opened) return std::unexpected(opened.error());
  return server;
}

}  // namespace remint::http
