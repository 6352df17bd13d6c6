#include "cpprest_threads.hpp"

#include <openssl/crypto.h>

#include <utility>  // Asio 1.74 needs it and does not include it

#include <pplx/threadpool.h>

#include <exception>
#include <mutex>

#include "remint/base/log.hpp"
#include "remint/kube/tls.hpp"
#include "remint/kube/transport.hpp"

namespace remint::kube {

void start_cpprest_threads(unsigned threads) {
  static std::once_flag once;
  std::call_once(once, [threads] {
    try {
      crossplat::threadpool::initialize_with_threads(threads);
    } catch (const std::exception& error) {
      log::warn("The HTTP library keeps its own number of threads", {{"reason", error.what()}});
    }
  });
}

void prepare_process(unsigned threads) {
  // At exit OpenSSL would free its locks before cpprestsdk ends the threads that still free what they had loaded, and
  // the process would hang for ever: one in a few commands did. The system frees it all.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
  take_over_system_trust();
  start_cpprest_threads(threads);
}

}  // namespace remint::kube
