#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "remint/app/commands.hpp"
#include "remint/base/json.hpp"

using namespace remint;
using namespace remint::app;

namespace {

/// A recording in a folder of its own: a Deployment shop/cart with one pod, and what the API server wrote.
class Recording {
 public:
  Recording() {
    std::string pattern = (std::filesystem::temp_directory_path() / "remint-replay-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    options.audit = {path("audit.log")};
    options.objects = path("objects.json");
    options.policy = path("policy.yaml");
    options.json = true;
    write("policy.yaml",
          "apiVersion: remint.dev/v1alpha1\nkind: ClusterTokenRefreshPolicy\nmetadata: {name: default}\nspec: {mode: "
          "Enforce}\n");
    write("objects.json", R"({"kind":"List","apiVersion":"v1","items":[
      {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}},
      {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"cart","namespace":"shop","uid":"u-d"},"spec":{"replicas":1}},
      {"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":"cart-5f","namespace":"shop","uid":"u-rs",
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"cart","uid":"u-d","controller":true}]},"spec":{"replicas":1}},
      {"apiVersion":"v1","kind":"Pod","metadata":{"name":"cart-5f-a","namespace":"shop","uid":"u-p","creationTimestamp":"2026-01-01T00:00:00Z",
        "labels":{"pod-template-hash":"5f"},
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"cart-5f","uid":"u-rs","controller":true}]},
        "spec":{"nodeName":"node-0","serviceAccountName":"cart"},
        "status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}],"startTime":"2026-01-01T00:00:01Z"}}]})");
  }
  ~Recording() { std::filesystem::remove_all(folder_); }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

  /// All lines that `remint replay` prints, as JSON.
  std::vector<Json> play() {
    std::ostringstream out;
    err.str("");
    code = replay(options, out, err, false);
    std::vector<Json> lines;
    std::istringstream in(out.str());
    for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
    return lines;
  }

  ReplayOptions options;
  std::ostringstream err;
  int code = -1;

 private:
  std::string folder_;
};

std::string rejected(int number, const std::string& time, const std::string& addresses = R"("10.0.0.1")") {
  return R"({"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"id-)" +
         std::to_string(number) +
         R"(","stage":"ResponseStarted","requestURI":"/api/v1/pods","verb":"list","user":{},"sourceIPs":[)" +
         addresses + R"(],"userAgent":"cart/1","responseStatus":{"code":401},"requestReceivedTimestamp":")" + time +
         R"(","stageTimestamp":")" + time + "\"}\n";
}

std::string failing_run(const std::string& addresses = R"("10.0.0.1")") {
  std::string log;
  for (int i = 0; i <= 4; ++i)
    log += rejected(i, "2026-07-01T10:00:" + std::to_string(10 + i * 10) + ".000000Z", addresses);
  return log;
}

}  // namespace

TEST_CASE("a replay prints one line per decision, with the keys of the contract, and a summary") {
  Recording recording;
  recording.write("audit.log", failing_run());
  const auto lines = recording.play();
  CHECK(recording.code == kOk);
  REQUIRE(lines.size() == 2);
  const auto& line = lines[0];
  CHECK(line["decision"] == "Restart");
  CHECK(line["time"] == "2026-07-01T10:00:40.000000Z");
  CHECK(
      line["workload"] ==
      Json{{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"namespace", "shop"}, {"name", "cart"}, {"uid", "u-d"}});
  CHECK(line["pods"] == Json{"cart-5f-a"});
  CHECK(line["strategy"] == "RolloutRestart");
  CHECK(line["policy"] == "ClusterTokenRefreshPolicy/default");
  CHECK(line["notBefore"].is_null());
  CHECK(line["breaksAt"].is_null());
  CHECK(line["confidence"].get<double>() > 0.9);
  CHECK_FALSE(line["reason"].get<std::string>().empty());
  CHECK(line["evidence"].size() > 0);
  for (const auto* key : {"diagnosis"}) CHECK(line.contains(key));
  const auto& summary = lines[1]["summary"];
  CHECK(summary["auditEvents"] == 5);
  CHECK(summary["rejected"] == 5);
  CHECK(summary["unattributed"] == 0);
  CHECK(summary["external"] == 0);
  CHECK(summary["decisions"]["Restart"] == 1);
  CHECK(summary["decisions"]["Refuse"] == 0);
}

TEST_CASE("the victim of a forged X-Forwarded-For is not touched") {
  Recording recording;
  recording.write("audit.log", failing_run(R"("10.0.0.1","203.0.113.9")"));
  const auto lines = recording.play();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["summary"]["external"] == 5);
}

TEST_CASE("several audit files are merged by time, whatever their order and packing") {
  Recording recording;
  std::string early;
  std::string late;
  for (int i = 0; i <= 4; ++i) {
    (i % 2 == 0 ? early : late) += rejected(i, "2026-07-01T10:00:" + std::to_string(10 + i * 10) + ".000000Z");
  }
  recording.write("late.log", late);
  recording.write("early.log", R"({"kind":"EventList","items":[)" + early.substr(0, early.find('\n')) + "]}");
  recording.write("rest.log", early.substr(early.find('\n') + 1));
  recording.options.audit = {recording.path("late.log"), recording.path("early.log"), recording.path("rest.log")};
  const auto lines = recording.play();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["time"] == "2026-07-01T10:00:40.000000Z");
}

TEST_CASE("objects may come as JSON lines with their times: a pod that begins to terminate is left alone") {
  Recording recording;
  recording.write("audit.log", failing_run());
  std::ifstream in(recording.path("objects.json"));
  const auto list = Json::parse(in);
  std::string lines;
  for (const auto& object : list["items"]) {
    lines += Json{{"time", "2026-07-01T09:00:00Z"}, {"type", "ADDED"}, {"object", object}}.dump() + "\n";
  }
  auto pod = list["items"][3];
  pod["metadata"]["deletionTimestamp"] = "2026-07-01T10:00:45Z";
  lines += Json{{"time", "2026-07-01T10:00:15Z"}, {"type", "MODIFIED"}, {"object", pod}}.dump() + "\n";
  recording.write("objects.json", lines);
  const auto printed = recording.play();
  REQUIRE(printed.size() == 1);
  CHECK(printed[0]["summary"]["rejected"] == 5);
}

TEST_CASE("without a policy the replay observes, and says so") {
  Recording recording;
  recording.options.policy.clear();
  recording.write("audit.log", failing_run());
  const auto lines = recording.play();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["decision"] == "Observe");
  CHECK(recording.err.str().find("no policy given") != std::string::npos);
}

TEST_CASE("broken events cost themselves, not the recording") {
  Recording recording;
  recording.write("audit.log", "not json at all\n" + failing_run() + R"({"kind":"Event","auditID":)" + "\n");
  const auto lines = recording.play();
  CHECK(recording.code == kOk);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["decision"] == "Restart");
  CHECK(recording.err.str().find("audit.log") != std::string::npos);
}

TEST_CASE("a file that cannot be used is named, with what is wrong, and the exit code is 2") {
  Recording recording;
  recording.write("audit.log", failing_run());
  SECTION("no such audit file") {
    recording.options.audit = {recording.path("absent.log")};
    CHECK(recording.play().empty());
    CHECK(recording.err.str().find("absent.log") != std::string::npos);
  }
  SECTION("objects that are no JSON") {
    recording.write("objects.json", "items: []");
    CHECK(recording.play().empty());
    CHECK(recording.err.str().find("objects.json") != std::string::npos);
  }
  SECTION("a policy with several errors names them all") {
    recording.write("policy.yaml",
                    "apiVersion: remint.dev/v1alpha1\nkind: ClusterTokenRefreshPolicy\nmetadata: {name: x}\n"
                    "spec: {mode: Bold, limits: {cooldown: soon}}\n");
    CHECK(recording.play().empty());
    CHECK(recording.err.str().find("spec.mode") != std::string::npos);
    CHECK(recording.err.str().find("spec.limits.cooldown") != std::string::npos);
  }
  CHECK(recording.code == kUsage);
}

TEST_CASE("the text of a replay tells who, why and what was seen") {
  Recording recording;
  recording.write("audit.log", failing_run());
  recording.options.json = false;
  std::ostringstream out;
  std::ostringstream err;
  CHECK(replay(recording.options, out, err, false) == kOk);
  for (const auto* part :
       {"Restart", "Deployment shop/cart", "RolloutRestart", "cart-5f-a", "10.0.0.1", "5 audit events"}) {
    CHECK(out.str().find(part) != std::string::npos);
  }
  CHECK(out.str().find('\033') == std::string::npos);
}

TEST_CASE("the text of a replay ends with what each policy would have done, by day and workload") {
  Recording recording;
  recording.write("audit.log", failing_run());
  recording.options.json = false;
  const auto text = [&] {
    std::ostringstream out;
    std::ostringstream err;
    CHECK(replay(recording.options, out, err, false) == kOk);
    const auto table = out.str().find("would have done");
    return table == std::string::npos ? std::string() : out.str().substr(table);
  };
  SECTION("what was restarted, and the most at once") {
    const auto table = text();
    CHECK(table.find("2026-07-01  Deployment shop/cart") != std::string::npos);
    CHECK(table.find("At most 1 at once (at 2026-07-01T10:00:40Z)") != std::string::npos);
  }
  SECTION("in mode Observe, what would have been") {
    recording.write("policy.yaml",
                    "apiVersion: remint.dev/v1alpha1\nkind: ClusterTokenRefreshPolicy\nmetadata: {name: default}\n"
                    "spec: {mode: Observe}\n");
    CHECK(text().find("At most 1 at once") != std::string::npos);
  }
  SECTION("what was refused, and why") {
    recording.write("policy.yaml",
                    "apiVersion: remint.dev/v1alpha1\nkind: ClusterTokenRefreshPolicy\nmetadata: {name: default}\n"
                    "spec: {mode: Enforce, suspend: true}\n");
    const auto table = text();
    CHECK(table.find("Wait (Suspended)") != std::string::npos);
    CHECK(table.find("at once") == std::string::npos);
  }
}

namespace {

const std::string kRefused = "error: You must be logged in to the server (Unauthorized)";

/// The pod-log evidence of a decision, as "time text".
std::vector<std::string> log_evidence(const Json& line) {
  std::vector<std::string> found;
  for (const auto& evidence : line["evidence"]) {
    if (evidence["source"] == "pod-log") {
      found.push_back(evidence["time"].get<std::string>() + " " + evidence["text"].get<std::string>());
    }
  }
  return found;
}

}  // namespace

TEST_CASE("what pods' logs say is evidence from the time on that stands before the line") {
  Recording recording;
  recording.options.policy.clear();
  recording.options.pod_logs = recording.path("logs");
  std::filesystem::create_directory(recording.options.pod_logs);
  recording.write("audit.log", failing_run());
  SECTION("before the decision") {
    recording.write("logs/shop_cart-5f-a_main.log", "2026-07-01T10:00:15.5Z up\n2026-07-01T10:00:20.5Z " + kRefused +
                                                        "\nno time: " + kRefused + "\n2026-07-01T11:00:00Z bye\n");
    const auto lines = recording.play();
    REQUIRE(recording.code == kOk);
    REQUIRE(lines.size() >= 2);
    const auto evidence = log_evidence(lines[lines.size() - 2]);
    REQUIRE(evidence.size() == 1);
    CHECK(evidence[0].starts_with("2026-07-01T10:00:20.500000Z"));
    CHECK(evidence[0].find("You must be logged in") != std::string::npos);
    CHECK(recording.err.str().find("1 lines were left out, the first of " +
                                   recording.path("logs/shop_cart-5f-a_main.log") + ": there is no time") !=
          std::string::npos);
  }
  SECTION("after it, and of another pod") {
    recording.write("logs/shop_cart-5f-a_main.log", "2026-07-01T10:00:50Z " + kRefused + "\n");
    recording.write("logs/shop_gone_main.log", "2026-07-01T10:00:20Z " + kRefused + "\n");
    recording.write("logs/notes.log", "x");
    const auto lines = recording.play();
    REQUIRE(recording.code == kOk);
    REQUIRE(lines.size() >= 2);
    CHECK(lines[0]["time"] == "2026-07-01T10:00:40.000000Z");
    CHECK(log_evidence(lines[0]).empty());
    CHECK(recording.err.str().find("notes.log: is not named") != std::string::npos);
    CHECK(recording.err.str().find("1 lines were left out, the first of " + recording.path("logs/shop_gone_main.log") +
                                   ": no policy") != std::string::npos);
  }
  SECTION("an error of several lines, told when the file ends") {
    recording.write("logs/shop_cart-5f-a_main.log",
                    "2026-07-01T10:00:20Z kubernetes.client.rest.ApiException: (401)\n2026-07-01T10:00:20Z Reason: "
                    "Unauthorized\n");
    const auto lines = recording.play();
    REQUIRE(lines.size() >= 2);
    CHECK(log_evidence(lines[0]).size() == 1);
  }
}

TEST_CASE("a policy without podLog reads no pod's log") {
  Recording recording;
  recording.options.pod_logs = recording.path("logs");
  std::filesystem::create_directory(recording.options.pod_logs);
  recording.write("audit.log", failing_run());
  recording.write("logs/shop_cart-5f-a_main.log", "2026-07-01T10:00:20.5Z " + kRefused + "\n");
  const auto lines = recording.play();
  REQUIRE(lines.size() == 2);
  CHECK(log_evidence(lines[0]).empty());
  CHECK(recording.err.str().find("no policy with podLog.enabled") != std::string::npos);
}

TEST_CASE("a folder of pods' logs that is not there is an error") {
  Recording recording;
  recording.write("audit.log", failing_run());
  recording.options.pod_logs = recording.path("nowhere");
  recording.play();
  CHECK(recording.code == kUsage);
  CHECK(recording.err.str().find("--pod-logs " + recording.path("nowhere")) != std::string::npos);
}
