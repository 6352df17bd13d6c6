#include <catch2/catch.hpp>
#include <cstdlib>

#include "remint/kube/config.hpp"
#include "remint/kube/server_url.hpp"
#include "test_pki.hpp"

using namespace remint;
using namespace remint::kube;
using namespace remint::kube::testing;

namespace {

const std::string kConfig = R"(
apiVersion: v1
kind: Config
current-context: dev
clusters:
- name: c1
  cluster: {server: "https://10.0.0.1:6443/", certificate-authority: pki/ca.crt, tls-server-name: api.test}
- name: c2
  cluster: {server: "https://[fd00::1]", certificate-authority-data: "aGVs\nbG8="}
contexts:
- name: dev
  context: {cluster: c1, user: u1, namespace: shop}
- name: six
  context: {cluster: c2, user: both}
- name: lost
  context: {cluster: c3, user: u1}
- name: nobody
  context: {cluster: c1, user: u3}
- name: plugin
  context: {cluster: c1, user: exec}
users:
- name: u1
  user: {client-certificate: /abs/tls.crt, client-key-data: a2V5}
- name: both
  user: {token: inline, tokenFile: token}
- name: exec
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./bin/login
      args: [a, "b c"]
      env: [{name: A, value: "1"}]
      installHint: get it
      provideClusterInfo: true
      interactiveMode: IfAvailable
)";

Result<Config> parse(const std::string& text, const std::string& context = "", bool insecure = false) {
  return parse_kubeconfig(text, "/home/me/.kube",
                          {.kubeconfig = "/k", .context = context, .allow_insecure_tls = insecure});
}

std::string one(const std::string& cluster, const std::string& user) {
  return "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: " +
         cluster + "}]\nusers: [{name: u, user: " + user + "}]\n";
}

}  // namespace

TEST_CASE("a kubeconfig's context becomes a Config") {
  SECTION("files are relative to the kubeconfig's folder") {
    const auto config = parse(kConfig);
    REQUIRE(config);
    CHECK(config->server == "https://10.0.0.1:6443");
    CHECK(config->tls_server_name == "api.test");
    CHECK(config->certificate_authority.file == "/home/me/.kube/pki/ca.crt");
    CHECK(config->client_certificate.file == "/abs/tls.crt");
    CHECK(config->client_key.inline_data == "key");
    CHECK(config->default_namespace == "shop");
    CHECK(config->origin == "kubeconfig /k, context dev");
  }
  SECTION("inline data, an IPv6 host, and the token file before the token") {
    const auto config = parse(kConfig, "six");
    REQUIRE(config);
    CHECK(config->server == "https://[fd00::1]:443");
    CHECK(config->certificate_authority.inline_data == "hello");
    CHECK(config->token.file == "/home/me/.kube/token");
    CHECK(config->token.inline_data.empty());
    CHECK(config->default_namespace == "default");
  }
  SECTION("an exec plugin") {
    const auto config = parse(kConfig, "plugin");
    REQUIRE(config);
    CHECK(config->exec.command == "/home/me/.kube/bin/login");
    CHECK(config->exec.args == std::vector<std::string>{"a", "b c"});
    CHECK(config->exec.env.at("A") == "1");
    CHECK(config->exec.install_hint == "get it");
    CHECK(config->exec.provide_cluster_info);
  }
}

TEST_CASE("what is wrong with a kubeconfig is told by file, context and field") {
  struct Case {
    std::string text, context, expected;
  };
  const auto c = GENERATE(values<Case>({
      {"a: [", "", "kubeconfig /k: line"},
      {"", "", "kubeconfig /k: the file is empty"},
      {"a: 1\n---\nb: 1\n", "", "kubeconfig /k: there is more than one YAML document"},
      {"- a", "", "kubeconfig /k: this is not a kubeconfig"},
      {"kind: Pod", "", "kubeconfig /k: this is not a kubeconfig"},
      {"kind: Config", "", "kubeconfig /k: current-context is not set"},
      {kConfig, "prod", "kubeconfig /k: context \"prod\" does not exist; known: dev, six, lost, nobody, plugin"},
      {kConfig, "lost", "kubeconfig /k: context \"lost\": cluster \"c3\" does not exist; known: c1, c2"},
      {kConfig, "nobody", "kubeconfig /k: context \"nobody\": user \"u3\" does not exist; known: u1, both, exec"},
      {"clusters: [{name: a, cluster: {}}, {name: a, cluster: {}}]", "", "clusters[1].name: \"a\" is there twice"},
      {"clusters: 7", "", "clusters: must be a list, is 7"},
      {one("{server: 10.0.0.1}", "{}"), "",
       "context \"x\": clusters[0].cluster.server: must begin with https:// or http://, is \"10.0.0.1\""},
      {one("{}", "{}"), "", "clusters[0].cluster.server: must begin with https://"},
      {one("{server: 'https://a', certificate-authority-data: '***'}", "{}"), "",
       "clusters[0].cluster.certificate-authority-data: must be base64"},
      {one("{server: 'https://a', insecure-skip-tls-verify: true}", "{}"), "",
       "clusters[0].cluster.insecure-skip-tls-verify: is true, so anybody"},
      {one("{server: 'https://a', proxy-url: 'http://p'}", "{}"), "", "clusters[0].cluster.proxy-url: proxies are not"},
      {one("{server: 'https://a'}", "{client-certificate: a}"), "", "users[0].user: client-certificate and client-key"},
      {one("{server: 'https://a'}", "{username: a, password: b}"), "", "users[0].user.username: basic authentication"},
      {one("{server: 'https://a'}", "{as: admin}"), "", "users[0].user.as: impersonation"},
      {one("{server: 'https://a'}", "{auth-provider: {name: gcp}}"), "", "users[0].user.auth-provider: auth providers"},
      {one("{server: 'https://a'}", "{token: [a]}"), "", "users[0].user.token: must be a string"},
      {one("{server: 'https://a'}", "{exec: {apiVersion: v1, command: a}}"), "",
       "users[0].user.exec.apiVersion: must be"},
      {one("{server: 'https://a'}", "{exec: {apiVersion: client.authentication.k8s.io/v1}}"), "",
       "users[0].user.exec.command: must name a program"},
      {one("{server: 'http://10.0.0.1'}", "{token: a}"), "", "context \"x\": server http://10.0.0.1:80 has no TLS"},
  }));
  CAPTURE(c.text, c.context);
  const auto config = parse(c.text, c.context);
  REQUIRE_FALSE(config);
  CHECK_THAT(config.error().message, Catch::StartsWith("kubeconfig /k: ") && Catch::Contains(c.expected));
}

TEST_CASE("an alias bomb in a kubeconfig is refused at once") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) {
      bomb += (j == 0 ? "" : ", ") + before;
    }
    bomb += "]\n";
  }
  const auto config = parse(bomb);
  REQUIRE_FALSE(config);
  CHECK_THAT(config.error().message, Catch::StartsWith("kubeconfig /k: "));
}

TEST_CASE("TLS without verification needs both the kubeconfig and the flag, and no CA") {
  const std::string text = one("{server: 'https://a', insecure-skip-tls-verify: true}", "{token: t}");
  CHECK_FALSE(parse(text));
  const auto config = parse(text, "", true);
  REQUIRE(config);
  CHECK(config->insecure_skip_tls_verify);
  CHECK_FALSE(
      parse(one("{server: 'https://a', insecure-skip-tls-verify: true, certificate-authority: x}", "{}"), "", true));
  const auto without = parse(one("{server: 'https://a'}", "{token: t}"), "", true);
  REQUIRE(without);
  CHECK_FALSE(without->insecure_skip_tls_verify);
}

TEST_CASE("credentials over plain HTTP are for this machine only") {
  CHECK(parse(one("{server: 'http://127.0.0.1:8001'}", "{token: t}")));
  CHECK(parse(one("{server: 'http://localhost:8001'}", "{token: t}")));
  CHECK(parse(one("{server: 'http://[::1]:8001'}", "{token: t}")));
  CHECK(parse(one("{server: 'http://10.0.0.1'}", "{}")));
  CHECK(parse(one("{server: 'http://10.0.0.1'}", "{token: t}"), "", true));
}

TEST_CASE("the pod's own ServiceAccount is a Config") {
  const TempFolder folder;
  folder.write("token", "t");
  folder.write("ca.crt", "c");
  folder.write("namespace", "remint-system");
  SECTION("IPv4") {
    const auto config = in_cluster_config(folder.path(), "10.96.0.1", "443");
    REQUIRE(config);
    CHECK(config->server == "https://10.96.0.1:443");
    CHECK(config->token.file == folder.path() + "/token");
    CHECK(config->token.inline_data.empty());
    CHECK(config->certificate_authority.file == folder.path() + "/ca.crt");
    CHECK(config->default_namespace == "remint-system");
    CHECK(config->origin == "in-cluster");
  }
  SECTION("IPv6") {
    const auto config = in_cluster_config(folder.path(), "fd00::1", "443");
    REQUIRE(config);
    CHECK(config->server == "https://[fd00::1]:443");
  }
  SECTION("not in a pod") {
    CHECK(in_cluster_config(folder.path(), "", "").error().code == ErrorCode::kNotFound);
    const auto no_token = in_cluster_config(folder.path() + "/none", "10.96.0.1", "443");
    REQUIRE_FALSE(no_token);
    CHECK_THAT(no_token.error().message, Catch::Contains(folder.path() + "/none/token does not exist"));
  }
  SECTION("nonsense in the environment") {
    const auto config = in_cluster_config(folder.path(), "10.96.0.1", "http");
    REQUIRE_FALSE(config);
    CHECK_THAT(config.error().message, Catch::Contains("KUBERNETES_SERVICE_PORT"));
  }
}

TEST_CASE("a kubeconfig is found where kubectl finds it") {
  const TempFolder folder;
  const std::string a = folder.write("a", one("{server: 'https://a'}", "{}"));
  const std::string b = folder.write("b", one("{server: 'https://b'}", "{}"));
  ::unsetenv("KUBERNETES_SERVICE_HOST");
  const std::string home = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  ::setenv("HOME", folder.path().c_str(), 1);
  SECTION("the path given") {
    const auto config = load_config({.kubeconfig = a});
    REQUIRE(config);
    CHECK(config->origin == "kubeconfig " + a + ", context x");
  }
  SECTION("a path that does not exist") {
    const auto config = load_config({.kubeconfig = folder.path() + "/none"});
    REQUIRE_FALSE(config);
    CHECK(config.error().code == ErrorCode::kNotFound);
    CHECK_THAT(config.error().message, Catch::Contains(folder.path() + "/none"));
  }
  SECTION("the first existing file of $KUBECONFIG") {
    ::setenv("KUBECONFIG", (folder.path() + "/none:" + b + ":" + a).c_str(), 1);
    const auto config = load_config({});
    REQUIRE(config);
    CHECK(config->server == "https://b:443");
  }
  SECTION("no existing file of $KUBECONFIG") {
    ::setenv("KUBECONFIG", (folder.path() + "/none::/nor-this").c_str(), 1);
    const auto config = load_config({});
    REQUIRE_FALSE(config);
    CHECK_THAT(config.error().message, Catch::Contains("/nor-this"));
  }
  SECTION("the home folder, or a message that names every place") {
    ::unsetenv("KUBECONFIG");
    const auto none = load_config({});
    REQUIRE_FALSE(none);
    CHECK_THAT(none.error().message, Catch::Contains(folder.path() + "/.kube/config"));
  }
  ::unsetenv("KUBECONFIG");
  ::setenv("HOME", home.c_str(), 1);
}

TEST_CASE("server addresses are taken apart or refused") {
  struct Good {
    std::string text, normal;
  };
  for (const Good& good : {Good{"https://a", "https://a:443"}, Good{"http://a/", "http://a:80"},
                           Good{"https://10.0.0.1:6443/p/q//", "https://10.0.0.1:6443/p/q"},
                           Good{"https://[::1]:6443", "https://[::1]:6443"}}) {
    const auto url = parse_server_url(good.text);
    REQUIRE(url);
    CHECK(url->to_string() == good.normal);
  }
  for (const char* bad : {"",
                          "a",
                          "ftp://a",
                          "https://",
                          "https://:443",
                          "https://a:0",
                          "https://a:65536",
                          "https://a:x",
                          "https://a:",
                          "https://u@a",
                          "https://a?x",
                          "https://a/p?x",
                          "https://a/p#x",
                          "https://a b",
                          "https://[::1",
                          "https://[a]",
                          "https://[10.0.0.1]",
                          "https://[::1]x",
                          "https://::1",
                          "https://[fe80::1%eth0]",
                          "https://a/\r\nX: y"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_server_url(bad));
  }
}
