#include "remint/sources/pod_log_intake.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "../base/temp_dir.hpp"
#include "support/manual_clock.hpp"

namespace remint::sources {
namespace {

const Time kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(10);

struct Fixture {
  TempDir folder;
  metrics::Registry metrics;
  testing::ManualClock clock{kNow};
  std::vector<detect::Clue> clues;
  int asked = 0;
  bool room = true;
  std::unique_ptr<PodLogIntake> intake;

  Fixture() {
    AuditWebhookSettings senders;
    senders.token_file = folder.file("token");
    std::ofstream(senders.token_file) << "secret\n";
    auto created = PodLogIntake::create(senders,
                                        {[this] { ++asked; },
                                         [this](std::vector<detect::Clue>&& some) {
                                           if (room) clues.insert(clues.end(), some.begin(), some.end());
                                           return room;
                                         }},
                                        metrics, clock);
    REQUIRE(created);
    intake = std::move(*created);
  }
  void want() {
    const auto none = std::make_shared<const std::vector<std::string>>();
    intake->set_targets({{.uid = "uid-1",
                          .pod = {"shop", "cart-1"},
                          .container = "app",
                          .started = kNow - std::chrono::minutes(5),
                          .patterns = none},
                         {.uid = "uid-2", .pod = {"shop", "cart-2"}, .container = {}, .patterns = none}});
  }
  int post(const std::string& body, std::string_view authorization = "Bearer secret") {
    return intake
        ->handle({.content_type = "application/json",
                  .authorization = authorization,
                  .body = body,
                  .peer_address = "10.0.0.1"})
        .status;
  }
  double value(const std::string& series) const {
    const std::string all = metrics.expose();
    const auto at = all.find("\n" + series + " ");
    INFO(series);
    REQUIRE(at != std::string::npos);
    return std::stod(all.substr(at + series.size() + 2));
  }
};

/// As Fluent Bit posts it.
std::string record(const std::string& pod, const std::string& uid, const std::string& time = "2026-11-22T09:59:00Z") {
  return R"({"date":")" + time +
         R"(","log":"E1122 10:00:00.000000 1 reflector.go:166] failed to list *v1.Pod: Unauthorized",)" +
         R"("kubernetes":{"namespace_name":"shop","pod_name":")" + pod + R"(",)" +
         (uid.empty() ? "" : R"("pod_id":")" + uid + R"(",)") + R"("container_name":"app"}})";
}

}  // namespace

TEST_CASE("posted lines accuse the pods that collectors name, by UID or by name", "[intake]") {
  Fixture f;
  CHECK(f.post("[" + record("cart-1", "uid-1") + "]") == 429);  // whose lines matter is not known yet
  CHECK(f.asked == 1);
  f.want();
  CHECK(f.post("[" + record("cart-1", "uid-1") + "," + record("cart-2", "") + "," + record("other", "uid-9") + "]") ==
        200);
  REQUIRE(f.clues.size() == 2);
  CHECK(f.clues[0].pod_uid != f.clues[1].pod_uid);
  CHECK(f.value("remint_pod_log_posted_lines_total{result=\"taken\"}") == 2);
  CHECK(f.value("remint_pod_log_posted_lines_total{result=\"unknown\"}") == 1);
  CHECK(f.value("remint_pod_log_posted_lag_seconds") >= 60);
}

TEST_CASE("a posted line of a container's earlier life accuses nobody", "[intake]") {
  Fixture f;
  f.want();
  CHECK(f.post(record("cart-1", "uid-1", "2026-11-22T09:54:00Z")) == 200);
  CHECK(f.clues.empty());
  CHECK(f.value("remint_pod_log_lines_total{result=\"earlier\"}") == 1);
}

TEST_CASE("whoever may not post, or posts nonsense, is told so", "[intake]") {
  Fixture f;
  f.want();
  CHECK(f.post(record("cart-1", "uid-1"), "Bearer guess") == 401);
  CHECK(f.post(" \n") == 400);
  CHECK(f.post(R"({"hello":1})") == 400);
  CHECK(f.post("[{\"log\":") == 400);
  CHECK(f.clues.empty());
}

TEST_CASE("a log that says much in a body takes no room from the others in it, and what is left out is shown",
          "[intake]") {
  Fixture f;
  f.want();
  std::string body = record("cart-2", "uid-2");
  for (int i = 0; i < 5000; ++i) body += "," + record("cart-1", "uid-1");
  CHECK(f.post("[" + body + "]") == 200);
  CHECK(std::ranges::count(f.clues, std::string("uid-2"), &detect::Clue::pod_uid) == 1);
  CHECK(std::ranges::count(f.clues, std::string("uid-1"), &detect::Clue::pod_uid) <= 100);
  f.intake->set_targets({}, 12);
  CHECK(f.value("remint_pod_log_left_out") == 12);
}

TEST_CASE("a token of its own opens this endpoint and no other, and the audit token does not; a certificate opens both",
          "[intake]") {
  Fixture f;  // with "secret"
  f.want();
  AuditWebhookSettings audit{.demand_client_certificate = true, .token_file = f.folder.file("audit-token")};
  std::ofstream(audit.token_file) << "greater\n";
  BatchQueue queue({}, f.metrics);
  const auto webhook = *AuditWebhook::create(audit, queue, f.metrics, f.clock);
  audit.token_file = f.folder.file("token");
  audit.token_of = "pod log";
  const auto lines = *PodLogIntake::create(audit, {[] {}, [](auto&&) { return true; }}, f.metrics, f.clock);
  const auto who = [](std::string_view token, bool certificate) {
    return http::Request{.content_type = "application/json",
                         .authorization = token,
                         .peer_address = "127.0.0.1",
                         .client_certificate_verified = certificate};
  };
  const auto refused = [](const std::optional<http::Response>& answer) { return answer && answer->status == 401; };
  CHECK_FALSE(refused(lines->admit(who("Bearer secret", false))));
  CHECK(refused(lines->admit(who("Bearer greater", false))));
  CHECK(refused(lines->admit(who("", false))));
  CHECK_FALSE(refused(lines->admit(who("", true))));
  CHECK(refused(webhook->admit(who("Bearer secret", false))));
  CHECK_FALSE(refused(webhook->admit(who("Bearer greater", false))));

  std::ofstream(audit.token_file) << "another one\n";
  f.clock.advance(std::chrono::seconds(2));
  CHECK_FALSE(refused(lines->admit(who("Bearer another one", false))));
  CHECK(refused(lines->admit(who("Bearer secret", false))));
  audit.token_file = f.folder.file("none");
  const auto none = PodLogIntake::create(audit, {[] {}, [](auto&&) { return true; }}, f.metrics, f.clock);
  REQUIRE_FALSE(none);
  CHECK(none.error().message.find("pod log bearer token") != std::string::npos);
}

TEST_CASE("posted lines for which there is no room are asked for again", "[intake]") {
  Fixture f;
  f.want();
  f.room = false;
  CHECK(f.post(record("cart-1", "uid-1")) == 429);
}

// After a pause the first body was read by what had been said before it: new pods' lines were lost, and old lives'
// counted.
TEST_CASE("what was said long ago of whose lines matter is not gone by", "[intake]") {
  Fixture f;
  f.want();
  f.clock.advance(std::chrono::seconds(31));
  CHECK(f.post(record("cart-1", "uid-1")) == 429);
  CHECK(f.asked == 1);
  f.want();
  CHECK(f.post(record("cart-1", "uid-1")) == 200);
}

TEST_CASE("a container that does not run accuses nobody, and one that is not named is the youngest", "[intake]") {
  Fixture f;
  f.want();
  const auto of = [](std::string container, const std::string& time) {
    auto line = record("cart-1", "uid-1", time);
    line.replace(line.rfind("app"), 3, container);
    return line;
  };
  CHECK(f.post(of("init", "2026-11-22T09:59:00Z")) == 200);
  CHECK(f.clues.empty());
  CHECK(f.post(of("", "2026-11-22T09:54:00Z")) == 200);  // before app began
  CHECK(f.clues.empty());
  CHECK(f.post(of("", "2026-11-22T09:59:00Z")) == 200);
  CHECK(f.clues.size() == 1);
}

TEST_CASE("who is stopped reads no further line, and says that it is to be sent again", "[intake]") {
  Fixture f;
  f.want();
  f.intake->stop();
  CHECK(f.post(record("cart-1", "uid-1")) == 503);
  CHECK(f.clues.empty());
}

TEST_CASE("whose lines matter is asked for every two seconds, while somebody posts", "[intake]") {
  Fixture f;
  f.want();
  (void)f.post(record("other", "uid-9"));
  (void)f.post(record("other", "uid-9"));
  CHECK(f.asked == 1);
  f.clock.advance(std::chrono::seconds(3));
  (void)f.post(record("other", "uid-9"));
  CHECK(f.asked == 2);
}

}  // namespace remint::sources
