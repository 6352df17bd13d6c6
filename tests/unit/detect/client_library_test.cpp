#include "remint/detect/client_library.hpp"

#include <catch2/catch.hpp>

using namespace remint::detect;

namespace {

struct Known {
  const char* agent;
  const char* library;
  const char* version;
  const char* program;
  ReReads re_reads;
  const char* minimum;
};

}  // namespace

TEST_CASE("What real clients send tells their library, and their version where they say it") {
  // Measured: each client against a real API server.
  const auto known = GENERATE(
      Known{"shop-operator/v0.0.0 (linux/amd64) kubernetes/$Format", "client-go", "", "shop-operator",
            ReReads::kUnknown, "v11.0.0 / v0.15.0"},
      Known{"manager/v0.0.0 (linux/amd64) kubernetes/$Format/leader-election", "client-go", "", "manager",
            ReReads::kUnknown, "v11.0.0 / v0.15.0"},
      Known{"velero-server/v1.4.2 (linux/amd64) 56a08a4d695d893f0863f697c2f926e27d70c0c5", "", "",
            "velero-server/v1.4.2 (linux/amd64) 56a08a4d695d893f0863f697c2f926e27d70c0c5", ReReads::kUnknown, ""},
      Known{"cluster-autoscaler/v1.28.0 (linux/amd64) kubernetes/abcdef0", "client-go", "",
            "cluster-autoscaler v1.28.0", ReReads::kUnknown, "v11.0.0 / v0.15.0"},
      Known{"kubectl/v1.36.3 (linux/amd64) kubernetes/$Format", "client-go", "v0.36.3", "kubectl v1.36.3",
            ReReads::kYes, "v11.0.0 / v0.15.0"},
      Known{"kube-proxy/v1.14.10 (linux/amd64) kubernetes/f574309", "client-go", "v11.0.0", "kube-proxy v1.14.10",
            ReReads::kYes, "v11.0.0 / v0.15.0"},
      Known{"kube-proxy/v1.13.4 (linux/amd64) kubernetes/c27b913", "client-go", "v10.0.0", "kube-proxy v1.13.4",
            ReReads::kUnknown, "v11.0.0 / v0.15.0"},
      Known{"kube-proxy/v1.11.9 (linux/amd64) kubernetes/16236ce", "client-go", "v8.0.0", "kube-proxy v1.11.9",
            ReReads::kNo, "v11.0.0 / v0.15.0"},
      Known{"OpenAPI-Generator/11.0.0/python", "Python kubernetes or kubernetes_asyncio", "11.0.0", "", ReReads::kNo,
            "12.0.0"},
      Known{"OpenAPI-Generator/12.0.0/python", "Python kubernetes or kubernetes_asyncio", "12.0.0", "", ReReads::kYes,
            "12.0.0"},
      Known{"OpenAPI-Generator/33.3.0+snapshot/python", "Python kubernetes or kubernetes_asyncio", "33.3.0+snapshot",
            "", ReReads::kYes, "12.0.0"},
      Known{"Swagger-Codegen/10.0.1/python", "Python kubernetes", "10.0.1", "", ReReads::kNo, "12.0.0"},
      Known{"OpenAPI-Generator/1.0-SNAPSHOT/java", "Java client (official)", "", "", ReReads::kUnknown, "9.0.0"},
      Known{"Kubernetes Java Client/27.0.0-SNAPSHOT", "Java client (official)", "27.0.0-SNAPSHOT", "", ReReads::kYes,
            "9.0.0"},
      Known{"fabric8-kubernetes-client/5.4.1", "fabric8 kubernetes-client", "5.4.1", "", ReReads::kNo, "5.8.0"},
      Known{"fabric8-kubernetes-client/7.3.0", "fabric8 kubernetes-client", "7.3.0", "", ReReads::kYes, "5.8.0"},
      Known{"kubernetes-client-javascript/2.0.1", "JavaScript client-node", "2.0.1", "", ReReads::kYes, "0.10.3"},
      Known{"node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", "JavaScript, perhaps client-node 1.x", "", "",
            ReReads::kUnknown, "0.10.3"},
      Known{"undici", "JavaScript, perhaps client-node 2.x", "", "", ReReads::kUnknown, "0.10.3"},
      Known{"http.rb/5.1.0 (ruby/2.7)", "Ruby, perhaps kubeclient", "", "", ReReads::kUnknown, ""},
      Known{"curl/7.88.1", "curl", "", "", ReReads::kUnknown, ""},
      Known{"Go-http-client/2.0", "Go without client-go", "", "", ReReads::kUnknown, ""},
      Known{"shop-operator/1.4.2", "", "", "shop-operator/1.4.2", ReReads::kUnknown, ""},
      Known{"", "", "", "", ReReads::kUnknown, ""});
  INFO(known.agent);
  const auto client = client_library(known.agent);
  CHECK(client.library == known.library);
  CHECK(client.version == known.version);
  CHECK(client.program == known.program);
  CHECK(client.re_reads == known.re_reads);
  CHECK(client.minimum_version == known.minimum);
  CHECK_FALSE(client.advice.empty());
}

TEST_CASE("A version that re-reads is not told to upgrade, but that a copy stays stale with any version") {
  for (const char* agent : {"OpenAPI-Generator/29.0.0/python", "kubectl/v1.30.0 (linux/amd64) kubernetes/7c48c2b"}) {
    const auto advice = client_library(agent).advice;
    CHECK(advice.find("Upgrade") == std::string::npos);
    CHECK(advice.find("stays stale with any version") != std::string::npos);
  }
  CHECK(client_library("OpenAPI-Generator/11.0.0/python").advice == "Upgrade the client library to 12.0.0 or newer.");
}

TEST_CASE("Hostile user agents come out harmless and bounded") {
  const auto agent =
      GENERATE(std::string("\x1b[31mred/v1.0 (a) kubernetes/x"), std::string(5000, 'a'),
               std::string("OpenAPI-Generator//python"), std::string("OpenAPI-Generator/99999999999999999999/python"),
               std::string("kubelet/v (linux) kubernetes/"), std::string(") kubernetes/ ("),
               std::string("/ () kubernetes/"), std::string("fabric8-kubernetes-client/\x1b]0;x"),
               std::string("curl\0/7", 7), std::string("kubelet/v1.4294967295.0 (l) kubernetes/a"));
  const auto client = client_library(agent);
  for (const auto& text : {client.library, client.version, client.program, client.minimum_version, client.advice}) {
    CHECK(text.size() <= 512);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\0') == std::string::npos);
  }
}
