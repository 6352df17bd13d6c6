#include <openssl/ssl.h>

#include <fstream>

#include "fixture.hpp"

namespace remint::http {
namespace {

using testing::ClientTls;

/// No whole answer: the handshake failed, or (TLS 1.3) the connection ended right behind it.
bool refused(Client& client) { return !client.error().empty() || client.ask(get("/who")).status == 0; }

struct TlsFixture : Fixture {
  testing::TempDir dir;
  testing::Pki pki{dir, "good"};
  testing::Pki rogue{dir, "rogue"};
  testing::CertificateFiles server_files = pki.issue_server("server");
  testing::CertificateFiles client_files = pki.issue_client("client", "kube-apiserver");

  TlsFiles files(bool required) { return {server_files.certificate, server_files.key, pki.ca_file(), required}; }
  void serve_tls(bool required) {
    Settings settings;
    settings.tls = files(required);
    serve(settings);
  }
  Client with(const testing::CertificateFiles& shown) {
    return Client(port(), ClientTls{pki.ca_file(), shown.certificate, shown.key});
  }
  Client with_none() { return Client(port(), ClientTls{pki.ca_file()}); }
};

}  // namespace

TEST_CASE("a verified client certificate is let in and named") {
  TlsFixture fixture;
  fixture.serve_tls(true);
  auto client = fixture.with(fixture.client_files);
  REQUIRE(client.error().empty());
  CHECK(client.ask(get("/who")).body == "kube-apiserver|verified|127.0.0.1|/who|");
}

TEST_CASE("missing, rogue, expired and misused client certificates are refused") {
  TlsFixture fixture;
  fixture.serve_tls(true);
  SECTION("none") {
    auto client = fixture.with_none();
    CHECK(refused(client));
  }
  SECTION("of another CA") {
    auto client = fixture.with(fixture.rogue.issue_client("rogue", "kube-apiserver"));
    CHECK(refused(client));
  }
  SECTION("expired") {
    auto client = fixture.with(fixture.pki.issue_expired_client("old", "kube-apiserver"));
    CHECK(refused(client));
  }
  SECTION("a server's certificate") {
    auto client = fixture.with(fixture.server_files);
    CHECK(refused(client));
  }
  CHECK(fixture.handled == 0);
  CHECK(eventually([&] { return fixture.rejected("handshake") == 1; }));
}

TEST_CASE("where client certificates are optional, one that is shown must still be good") {
  TlsFixture fixture;
  fixture.serve_tls(false);
  auto nobody = fixture.with_none();
  CHECK(nobody.ask(get("/who")).body == "|unknown|127.0.0.1|/who|");
  auto known = fixture.with(fixture.client_files);
  CHECK(known.ask(get("/who")).body == "kube-apiserver|verified|127.0.0.1|/who|");
  auto rogue = fixture.with(fixture.rogue.issue_client("rogue", "kube-apiserver"));
  CHECK(refused(rogue));
}

TEST_CASE("TLS below 1.2 is refused, 1.2 is served") {
  TlsFixture fixture;
  fixture.serve_tls(false);
  Client old(fixture.port(), ClientTls{fixture.pki.ca_file(), "", "", TLS1_1_VERSION, ""});
  CHECK(refused(old));
  Client good(fixture.port(), ClientTls{fixture.pki.ca_file(), "", "", TLS1_2_VERSION, ""});
  CHECK(good.ask(get("/who")).status == 200);
}

TEST_CASE("ALPN chooses http/1.1, also when h2 is offered first") {
  TlsFixture fixture;
  fixture.serve_tls(false);
  Client both(fixture.port(), ClientTls{fixture.pki.ca_file(), "", "", 0, "\x02h2\x08http/1.1"});
  CHECK(both.alpn() == "http/1.1");
  CHECK(both.ask(get("/who")).status == 200);
  Client only_h2(fixture.port(), ClientTls{fixture.pki.ca_file(), "", "", 0, "\x02h2"});
  CHECK(refused(only_h2));
}

TEST_CASE("a renewed certificate is used for new connections, the old connections go on") {
  TlsFixture fixture;
  fixture.serve_tls(true);
  auto before = fixture.with(fixture.client_files);
  const auto serial = before.server_serial();
  static_cast<void>(fixture.pki.issue_server("server"));
  CHECK(eventually([&] { return fixture.with(fixture.client_files).server_serial() != serial; }));
  CHECK(before.ask(get("/who")).status == 200);
}

TEST_CASE("a renewed client CA counts from the next connection on") {
  TlsFixture fixture;
  fixture.serve_tls(true);
  const auto newcomer = fixture.rogue.issue_client("newcomer", "kube-apiserver");
  auto too_early = fixture.with(newcomer);
  CHECK(refused(too_early));
  std::ifstream ca(fixture.rogue.ca_file());
  testing::write_file(fixture.pki.ca_file() + ".copy", "");
  const std::string trusted((std::istreambuf_iterator<char>(ca)), std::istreambuf_iterator<char>());
  const auto server_ca = fixture.dir.file("server-ca.crt");
  std::ifstream good(fixture.pki.ca_file());
  testing::write_file(server_ca, std::string((std::istreambuf_iterator<char>(good)), std::istreambuf_iterator<char>()));
  testing::write_file(fixture.pki.ca_file(), trusted);
  CHECK(eventually([&] {
    Client client(fixture.port(), ClientTls{server_ca, newcomer.certificate, newcomer.key});
    return client.ask(get("/who")).status == 200;
  }));
  Client gone(fixture.port(), ClientTls{server_ca, fixture.client_files.certificate, fixture.client_files.key});
  CHECK(refused(gone));
}

TEST_CASE("a broken certificate file keeps the old certificate and is counted, and its repair is noticed") {
  TlsFixture fixture;
  fixture.serve_tls(true);
  const auto serial = fixture.with(fixture.client_files).server_serial();
  auto& errors = fixture.registry.counter("remint_http_certificate_reload_errors_total",
                                          "Changed certificate files that could not be used; the old ones stay in use.",
                                          {{"server", "test"}});
  SECTION("rubbish") {
    testing::write_file(fixture.server_files.certificate, "-----BEGIN CERTIFICATE-----\nrubbish\n");
  }
  SECTION("empty") { testing::write_file(fixture.server_files.certificate, ""); }
  SECTION("gone") { std::filesystem::remove(fixture.server_files.certificate); }
  SECTION("the key of another certificate") {
    const auto other = fixture.pki.issue_server("other");
    std::filesystem::rename(other.key, fixture.server_files.key);
  }
  CHECK(eventually([&] { return errors.value() == 1; }));
  auto during = fixture.with(fixture.client_files);
  CHECK(during.server_serial() == serial);
  CHECK(during.ask(get("/who")).status == 200);
  static_cast<void>(fixture.pki.issue_server("server"));
  CHECK(eventually([&] { return fixture.with(fixture.client_files).server_serial() != serial; }));
}

TEST_CASE("bad files at the start are errors that name the file and the reason") {
  TlsFixture fixture;
  auto files = fixture.files(true);
  std::string named;
  std::string reason;
  SECTION("no certificate file") {
    named = files.certificate_file = fixture.dir.file("absent.crt");
    reason = "No such file";
  }
  SECTION("a key as certificate") {
    named = files.certificate_file = files.key_file;
    reason = "no PEM certificate";
  }
  SECTION("a certificate as key") {
    named = files.key_file = files.certificate_file;
    reason = "PEM private key";
  }
  SECTION("another certificate's key") {
    named = files.key_file = fixture.client_files.key;
    reason = "does not belong";
  }
  SECTION("a key with a passphrase") {
    named = files.key_file = fixture.dir.file("locked.key");
    const auto command = "openssl pkey -in " + fixture.server_files.key + " -aes128 -passout pass:secret -out " + named;
    REQUIRE(std::system(command.c_str()) == 0);
    reason = "encrypted";
  }
  SECTION("an empty client CA") {
    named = files.client_ca_file = fixture.dir.file("empty.crt");
    testing::write_file(named, "");
    reason = "no PEM certificate";
  }
  SECTION("client certificates demanded, but no CA") {
    files.client_ca_file = "";
    reason = "no client CA";
  }
  Settings settings;
  settings.name = "test";
  settings.listen = "127.0.0.1:0";
  settings.tls = files;
  const auto server = Server::start(settings, {}, fixture.registry);
  REQUIRE_FALSE(server);
  INFO(server.error().message);
  CHECK(server.error().message.find(named) != std::string::npos);
  CHECK(server.error().message.find(reason) != std::string::npos);
}

}  // namespace remint::http
