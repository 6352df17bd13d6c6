#include <catch2/catch.hpp>

#include "remint/kube/tls.hpp"
#include "test_pki.hpp"
#include "transport_fixture.hpp"

using namespace remint;
using namespace remint::kube;
using namespace remint::kube::testing;
using namespace std::chrono_literals;

namespace {

const char* const kNames = "IP:127.0.0.1,IP:::1,DNS:api.test";

Result<Response> get_with(const Config& config) { return connect(config)->send(get("/x", 5s), {}); }

}  // namespace

TEST_CASE("a private CA, a client certificate and a token work together") {
  const TestCa ca("private");
  const TestCa client_ca("clients");
  const ServerTls tls(ca.issue("server", kNames), client_ca.pem());
  const ScriptedServer server(always(http_response(200, "ok")), tls.context());
  const KeyPair client = client_ca.issue("remint", "");
  Config config = plain_config(server);
  config.certificate_authority.inline_data = ca.pem();
  config.token.inline_data = "abc";
  SECTION("all given") {
    config.client_certificate.inline_data = client.certificate_pem;
    config.client_key.inline_data = client.key_pem;
    const auto sent = get_with(config);
    INFO((sent ? "" : sent.error().message));
    REQUIRE(sent);
    CHECK(sent->body == "ok");
    CHECK_THAT(server.requests().at(0), Catch::Contains("Authorization:Bearer abc\r\n"));
  }
  SECTION("without the client certificate the server refuses") {
    const auto sent = get_with(config);
    REQUIRE_FALSE(sent);
    CHECK(sent.error().code == ErrorCode::kUnavailable);
  }
}

TEST_CASE("a server that the CA did not sign is refused, and the reason is told") {
  const TestCa ca("private");
  const TestCa rogue("private");  // the same name, another key
  const ServerTls tls(rogue.issue("server", kNames));
  const ScriptedServer server(always(http_response(200, "ok")), tls.context());
  Config config = plain_config(server);
  config.certificate_authority.inline_data = ca.pem();
  config.token.inline_data = "abc";
  const auto sent = get_with(config);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == ErrorCode::kUnavailable);
  CHECK_THAT(sent.error().message, Catch::Contains("certificate verify failed"));
  CHECK(server.requests().empty());

  SECTION("unless verification is switched off") {
    config.certificate_authority = {};
    config.insecure_skip_tls_verify = true;
    CHECK(get_with(config));
  }
}

TEST_CASE("a server with another name is refused, unless tls-server-name says so") {
  const TestCa ca("private");
  const ServerTls tls(ca.issue("server", "DNS:api.test"));
  const ScriptedServer server(always(http_response(200, "ok")), tls.context());
  Config config = plain_config(server);
  config.certificate_authority.inline_data = ca.pem();
  CHECK_FALSE(get_with(config));
  config.tls_server_name = "other.test";
  CHECK_FALSE(get_with(config));
  config.tls_server_name = "api.test";
  CHECK(get_with(config));
}

TEST_CASE("an IPv6 address is verified by its IP name") {
  const TestCa ca("private");
  const bool good = GENERATE(true, false);
  const ServerTls tls(ca.issue("server", good ? "IP:::1" : "IP:::2"));
  const ScriptedServer server(always(http_response(200, "ok")), tls.context(), true);
  Config config = plain_config(server);
  config.certificate_authority.inline_data = ca.pem();
  const auto sent = get_with(config);
  INFO((sent ? "" : sent.error().message));
  CHECK(sent.has_value() == good);
}

TEST_CASE(
    "without a certificate-authority the user's own SSL_CERT_FILE is trusted, although the library must not see it") {
  const ServerTls tls(user_ca().issue("server", kNames));
  const ScriptedServer server(always(http_response(200, "ok")), tls.context());
  Config config = plain_config(server);
  const auto sent = get_with(config);
  INFO((sent ? "" : sent.error().message));
  CHECK(sent);
  SECTION("but not beside a private CA") {
    const TestCa other("private");
    config.certificate_authority.inline_data = other.pem();
    CHECK_FALSE(get_with(config));
  }
  CHECK(std::string(std::getenv("SSL_CERT_FILE")) == "/dev/null");
}

TEST_CASE("a token file is read again when it changes, and after a 401") {
  const TempFolder folder;
  const std::string file = folder.write("token", "first\n");
  const ScriptedServer server([](Connection& connection, int) {
    for (;;) {
      const std::string head = connection.read_request();
      if (head.empty()) {
        return;
      }
      connection.send(head.find("Bearer first") != std::string::npos ? http_response(401, "")
                                                                     : http_response(200, "ok"));
    }
  });
  Config config = plain_config(server);
  config.token.file = file;
  const auto transport = connect(config);
  const auto before = transport->send(get("/x"), {});
  REQUIRE(before);
  CHECK(before->status == 401);
  CHECK_FALSE(before->credentials_renewed);

  folder.write("token", "second\n");
  const auto after = transport->send(get("/x"), {});
  REQUIRE(after);
  CHECK(after->status == 200);

  SECTION("a broken token file keeps the last good token") {
    const std::string broken = GENERATE("", "two words", "line\nbreak");
    folder.write("token", broken);
    const auto still = transport->send(get("/x"), {});
    REQUIRE(still);
    CHECK(still->status == 200);
  }
}

TEST_CASE("a token that was replaced while the request was on its way is worth another try") {
  const TempFolder folder;
  const std::string file = folder.write("token", "first");
  const ScriptedServer server([&](Connection& connection, int) {
    connection.read_request();
    folder.write("token", "second");
    connection.send(http_response(401, ""));
  });
  Config config = plain_config(server);
  config.token.file = file;
  const auto sent = connect(config)->send(get("/x"), {});
  REQUIRE(sent);
  CHECK(sent->credentials_renewed);
}

TEST_CASE("certificates are read again when their files change, and a half-done change keeps the old ones") {
  const TempFolder folder;
  const TestCa old_ca("old");
  const TestCa new_ca("new");
  const KeyPair old_client = old_ca.issue("remint", "");
  const KeyPair new_client = new_ca.issue("remint", "");
  Config config;
  config.certificate_authority.file = folder.write("ca.crt", old_ca.pem());
  config.client_certificate.file = folder.write("tls.crt", old_client.certificate_pem);
  config.client_key.file = folder.write("tls.key", old_client.key_pem);
  const ServerTls old_tls(old_ca.issue("server", kNames), old_ca.pem());
  const ServerTls new_tls(new_ca.issue("server", kNames), new_ca.pem());
  const ScriptedServer old_server(always(http_response(200, "old")), old_tls.context());
  const ScriptedServer new_server(always(http_response(200, "new")), new_tls.context());

  config.server = old_server.url();
  const auto to_old = connect(config);
  config.server = new_server.url();
  const auto to_new = connect(config);
  CHECK(to_old->send(get("/x"), {}));
  CHECK_FALSE(to_new->send(get("/x"), {}));

  folder.write("tls.crt", new_client.certificate_pem);  // its key is still the old one
  CHECK(to_old->send(get("/x"), {}));
  folder.write("ca.crt", "not PEM");
  CHECK(to_old->send(get("/x"), {}));

  folder.write("ca.crt", new_ca.pem());
  folder.write("tls.key", new_client.key_pem);
  const auto sent = to_new->send(get("/x"), {});
  INFO((sent ? "" : sent.error().message));
  CHECK(sent);
  CHECK_FALSE(to_old->send(get("/x"), {}));
}

TEST_CASE("wrong credentials are told at the start, with origin, field and file") {
  const TempFolder folder;
  const TestCa ca("private");
  const KeyPair pair = ca.issue("remint", "");
  const KeyPair other = ca.issue("remint", "");
  Config config;
  config.server = "https://127.0.0.1:1";
  config.origin = "kubeconfig /k, context dev";
  std::string expected;
  const auto with_pair = [&](const std::string& certificate, const std::string& key) {
    config.client_certificate.inline_data = certificate;
    config.client_key.inline_data = key;
  };
  SECTION("no such CA file") {
    config.certificate_authority.file = folder.path() + "/none";
    expected = "certificate-authority: cannot read " + folder.path() + "/none";
  }
  SECTION("a CA file without certificates") {
    config.certificate_authority.file = folder.write("ca.crt", "hello");
    expected = "certificate-authority: has no PEM certificate";
  }
  SECTION("an empty CA file does not mean the system's CAs") {
    config.certificate_authority.file = folder.write("ca.crt", "");
    expected = "certificate-authority: " + folder.path() + "/ca.crt is empty";
  }
  SECTION("a key file that is a folder") {
    with_pair(pair.certificate_pem, "");
    config.client_key.file = folder.path();
    expected = "client-key: cannot read " + folder.path();
  }
  SECTION("a key that is no key") {
    with_pair(pair.certificate_pem, "hello");
    expected = "client-key: has no PEM private key";
  }
  SECTION("a key that is encrypted") {
    with_pair(pair.certificate_pem,
              "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBIjAN\n-----END ENCRYPTED PRIVATE KEY-----\n");
    expected = "client-key: is encrypted";
  }
  SECTION("the key of another certificate") {
    with_pair(pair.certificate_pem, other.key_pem);
    expected = "client-key: belongs to another certificate";
  }
  SECTION("no token file") {
    config.token.file = folder.path() + "/token";
    expected = "token file " + folder.path() + "/token: cannot read";
  }
  SECTION("a token with a line break in it") {
    config.token.file = folder.write("token", "a\r\nX-Forged: 1");
    expected = "token file " + folder.path() + "/token: is not a token";
  }
  const auto transport = make_transport(config, {});
  REQUIRE_FALSE(transport);
  CHECK_THAT(transport.error().message, Catch::StartsWith("kubeconfig /k, context dev: "));
  CHECK_THAT(transport.error().message, Catch::Contains(expected));
  CHECK_THAT(transport.error().message, !Catch::Contains("BEGIN"));
}
