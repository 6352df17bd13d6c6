#include "transport_fixture.hpp"

#include <csignal>
#include <cstdlib>

#include "test_pki.hpp"

namespace remint::kube::testing {
namespace {

// What main does before any thread exists, for this program: a user who trusts a CA of his own by $SSL_CERT_FILE.
struct Prepared {
  TempFolder folder;
  TestCa ca{"the user's own"};
  Prepared() {
    ::setenv("SSL_CERT_FILE", folder.write("user-ca.pem", ca.pem()).c_str(), 1);
    prepare_process(2);
    std::signal(SIGPIPE, SIG_IGN);  // the scripted server writes to clients that have gone
  }
};
const Prepared kPrepared;

}  // namespace

const TestCa& user_ca() { return kPrepared.ca; }

}  // namespace remint::kube::testing
