// The CRD of WorkloadRestart and the code must agree, or the API server refuses a status in the middle of a restart.

#include <nlohmann/json.hpp>

#include "fixture.hpp"
#include "remint/base/file.hpp"
#include "remint/base/yaml.hpp"

namespace remint::restart {
namespace {

Json schema() {
  const auto text = read_file(REMINT_SOURCE_DIR "/deploy/crds/workloadrestarts.remint.dev.yaml", 1U << 20U);
  REQUIRE(text);
  auto documents = parse_yaml(*text);
  REQUIRE(documents);
  return documents->front().at("/spec/versions/0/schema/openAPIV3Schema/properties"_json_pointer);
}

TEST_CASE("the CRD lists every step that a strategy takes") {
  std::vector<std::string> listed;
  const Json properties = schema();
  for (const Json& step : properties.at("/status/properties/step/enum"_json_pointer)) {
    listed.push_back(step);
  }
  CHECK_THAT(listed, Catch::UnorderedEquals(std::vector<std::string>(step_names().begin(), step_names().end())));
}

TEST_CASE("the CRD has every field of a status, and bounds as the parser's") {
  Journal journal = pending_journal();
  journal.status.saved.uid = "u";
  journal.status.saved.restarted_at = journal.status.saved.previous_restarted_at = "t";
  journal.status.saved.replicas = 3;
  journal.status.saved.pods = {{"p", "u"}};
  journal.status.saved.manifest = journal.status.saved.successor = "x";
  const Json properties = schema();
  const Json written = status_patch(journal.status);
  for (const auto& [key, value] : written["status"].items()) {
    INFO(key);
    CHECK(properties.at("/status/properties"_json_pointer).contains(key));
  }
  const Json& saved = properties.at("/status/properties/saved/properties"_json_pointer);
  for (const auto& [key, value] : written["status"]["saved"].items()) {
    INFO(key);
    CHECK(saved.contains(key));
  }
  CHECK(saved["manifest"]["maxLength"] == kMaxManifest);
  CHECK(saved["pods"]["maxItems"] == kMaxSavedPods);
}

TEST_CASE("the CRD has every field of a spec") {
  Journal journal = pending_journal();
  journal.spec.options.keep_node = true;
  journal.spec.policy = "ClusterTokenRefreshPolicy/default";
  journal.spec.pods = {"p"};
  journal.spec.evidence = {{"audit", Time{}, "401"}};
  const Json properties = schema().at("/spec/properties"_json_pointer);
  const Json written = to_object(journal);
  for (const auto& [key, value] : written["spec"].items()) {
    INFO(key);
    CHECK(properties.contains(key));
  }
  for (const auto& [key, value] : written["spec"]["options"].items()) {
    INFO(key);
    CHECK(properties.at("/options/properties"_json_pointer).contains(key));
  }
}

}  // namespace
}  // namespace remint::restart
