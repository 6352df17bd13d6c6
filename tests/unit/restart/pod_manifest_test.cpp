#include "pod_manifest.hpp"

#include "recreate_fixture.hpp"

namespace remint::restart {
namespace {

Journal saved_journal() {
  Journal journal = recreate_journal();
  journal.status.saved.uid = "uid-cart";
  journal.status.saved.manifest = manifest_of(running_pod().dump(), journal).value();
  return journal;
}

TEST_CASE("a running pod is cleaned to what the person wrote") {
  CHECK(clean_pod(running_pod(), false) == written_pod());
}

TEST_CASE("cleaning what is clean changes nothing") {
  for (const bool keep_node : {false, true}) {
    const Json once = clean_pod(running_pod(), keep_node);
    CHECK(clean_pod(once, keep_node) == once);
  }
}

TEST_CASE("the node stays only where it is asked for") {
  CHECK(clean_pod(running_pod(), true)["spec"]["nodeName"] == "node-1");
  CHECK_FALSE(clean_pod(running_pod(), false)["spec"].contains("nodeName"));
}

TEST_CASE("fields that a newer Kubernetes may have in the spec are kept") {
  Json pod = running_pod();
  pod["spec"]["fieldOfTomorrow"] = {{"a", 1}};
  CHECK(clean_pod(pod, false)["spec"]["fieldOfTomorrow"] == Json{{"a", 1}});
}

TEST_CASE("owners that are no controllers stay, and finalizers but those of the garbage collector") {
  Json pod = running_pod();
  const Json owner{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"name", "cart"}, {"uid", "uid-owner"}};
  pod["metadata"]["ownerReferences"] = Json::array({owner});
  pod["metadata"]["finalizers"] = {"example.com/drain", "foregroundDeletion", "orphan"};
  const Json metadata = clean_pod(pod, false)["metadata"];
  CHECK(metadata["ownerReferences"] == Json::array({owner}));
  CHECK(metadata["finalizers"] == Json::array({"example.com/drain"}));
}

TEST_CASE("numbers that the priority class gives are left to admission") {
  Json pod = running_pod();
  pod["spec"].erase("priorityClassName");
  pod["spec"]["priority"] = 0;
  CHECK_FALSE(clean_pod(pod, false)["spec"].contains("priority"));
  CHECK_FALSE(clean_pod(pod, false)["spec"].contains("preemptionPolicy"));
  // Without the admission plugin a person may write them.
  pod["spec"]["priority"] = 7;
  pod["spec"]["preemptionPolicy"] = "Never";
  CHECK(clean_pod(pod, false)["spec"]["priority"] == 7);
  CHECK(clean_pod(pod, false)["spec"]["preemptionPolicy"] == "Never");
}

TEST_CASE("the Secret volume of an old cluster is dropped with its mounts") {
  Json pod = written_pod();
  pod["spec"]["volumes"] =
      Json::array({Json{{"name", "cart-token-abc12"}, {"secret", {{"secretName", "cart-token-abc12"}}}}});
  pod["spec"]["containers"][0]["volumeMounts"] = Json::array({token_mount("cart-token-abc12")});
  const Json spec = clean_pod(pod, false)["spec"];
  CHECK_FALSE(spec.contains("volumes"));
  CHECK_FALSE(spec["containers"][0].contains("volumeMounts"));
}

TEST_CASE("a token volume that a person wrote or mounts in his own way stays, with all its mounts") {
  Json pod = running_pod();
  Json& spec = pod["spec"];
  Json& volume = spec["volumes"].back();
  Json& mount = spec["containers"][0]["volumeMounts"].back();
  SECTION("another audience") { volume["projected"]["sources"][0]["serviceAccountToken"]["audience"] = "vault"; }
  SECTION("another lifetime") { volume["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] = 7200; }
  SECTION("one source more") { volume["projected"]["sources"].push_back({{"secret", {{"name", "more"}}}}); }
  SECTION("another configuration") { volume["projected"]["sources"][1]["configMap"]["name"] = "my-ca"; }
  SECTION("another path") { mount["mountPath"] = "/tokens"; }
  SECTION("a part of it") { mount["subPath"] = "token"; }
  SECTION("a pod into which nothing is injected") { spec["automountServiceAccountToken"] = false; }
  SECTION("a name that was not generated") {
    volume["name"] = "kube-api-access-mine-own";
    mount["name"] = "kube-api-access-mine-own";
    spec["initContainers"][0]["volumeMounts"][0]["name"] = "kube-api-access-mine-own";
  }
  SECTION("a Secret of another account") {
    volume = {{"name", "jobs-token-abc12"}, {"secret", {{"secretName", "jobs-token-abc12"}}}};
  }
  const Json clean = clean_pod(pod, false)["spec"];
  CHECK(clean["volumes"] == spec["volumes"]);
  CHECK(clean["containers"] == spec["containers"]);
  CHECK(clean["initContainers"] == spec["initContainers"]);
}

TEST_CASE("the saved manifest bears the mark, and passes its own check") {
  const Journal journal = saved_journal();
  CHECK(manifest_problem(journal) == "");
  CHECK(made_by(journal.status.saved.manifest, journal));
  CHECK_FALSE(made_by(running_pod().dump(), journal));
  Journal other = journal;
  other.uid = "uid-other";
  CHECK_FALSE(made_by(journal.status.saved.manifest, other));
}

TEST_CASE("the pod of an earlier restart gets the mark of this one") {
  Json pod = running_pod();
  pod["metadata"]["annotations"]["remint.dev/restarted-by"] = "uid-earlier";
  CHECK(made_by(manifest_of(pod.dump(), recreate_journal()).value(), recreate_journal()));
}

TEST_CASE("a manifest that begin() cannot have saved is told") {
  Journal journal = saved_journal();
  const auto problem = [&](const char* path, const Json& value) {
    Json pod = Json::parse(journal.status.saved.manifest);
    pod[Json::json_pointer(path)] = value;
    Journal forged = journal;
    forged.status.saved.manifest = pod.dump();
    return manifest_problem(forged);
  };
  CHECK(problem("/kind", "Secret") != "");
  CHECK(problem("/apiVersion", "v2") != "");
  CHECK(problem("/metadata/name", "other") != "");
  CHECK(problem("/metadata/namespace", "kube-system") != "");
  CHECK(problem("/metadata/annotations/remint.dev~1restarted-by", "uid-other") != "");
  CHECK(problem("/metadata/ownerReferences", Json::array({Json{{"uid", "x"}, {"controller", true}}})) != "");
  CHECK(problem("/metadata/uid", "x") != "");
  CHECK(problem("/metadata/generateName", "cart-") != "");
  CHECK(problem("/metadata/annotations/kubernetes.io~1config.mirror", "x") != "");
  CHECK(problem("/metadata/labels", Json::object()) != "");
  CHECK(problem("/metadata/annotations", "text") != "");
  CHECK(problem("/spec/nodeName", "node-2") != "");
  CHECK(problem("/spec/ephemeralContainers", Json::array()) != "");
  CHECK(problem("/spec", "text") != "");
  CHECK(problem("/status", Json::object()) != "");
  CHECK(problem("/more", 1) != "");
  for (const char* text : {"", "null", "[]", "{}", "{\"metadata\":", R"({"metadata": {}, "spec": {}})"}) {
    CAPTURE(text);
    journal.status.saved.manifest = text;
    CHECK(manifest_problem(journal) != "");
  }
}

TEST_CASE("a manifest is never one for a target in another namespace than the journal's") {
  Journal journal = recreate_journal();
  Json pod = running_pod();
  pod["metadata"]["namespace"] = journal.spec.target.ns = "kube-system";
  journal.status.saved.manifest = manifest_of(pod.dump(), journal).value();
  CHECK(manifest_problem(journal) != "");
}

TEST_CASE("the dry run differs from the creation in nothing but the name") {
  const Journal journal = saved_journal();
  Json expected = Json::parse(journal.status.saved.manifest);
  expected["metadata"].erase("name");
  expected["metadata"]["generateName"] = "cart-";
  CHECK(Json::parse(under_generated_name(journal.status.saved.manifest)) == expected);
  expected["metadata"]["name"] = std::string(48, 'a') + ".." + std::string(100, 'b');
  CHECK(Json::parse(under_generated_name(expected.dump()))["metadata"]["generateName"] == std::string(48, 'a') + "-");
}

TEST_CASE("an edit of spec, labels or annotations is noticed, chatter in the status is not") {
  const Journal journal = saved_journal();
  Json pod = running_pod();
  pod["metadata"]["resourceVersion"] = "101";
  pod["status"]["phase"] = "Pending";
  CHECK_FALSE(edited_since(pod.dump(), journal));
  SECTION("image") { pod["spec"]["containers"][0]["image"] = "cart:8"; }
  SECTION("label") { pod["metadata"]["labels"]["app"] = "none"; }
  SECTION("the first label") { pod["metadata"].erase("labels"); }
  SECTION("annotation") { pod["metadata"]["annotations"]["example.com/note"] = "of a person"; }
  CHECK(edited_since(pod.dump(), journal));
}

TEST_CASE("objects that are no pods at all are cleaned to nothing, without a crash") {
  for (
      const char* text :
      {"null", "1", "[]", R"("x")", R"({"metadata": 1, "spec": 2})",
       R"({"metadata": {"annotations": 1, "labels": 2, "finalizers": 3, "ownerReferences": 4},
            "spec": {"volumes": 1, "containers": 2, "initContainers": [3]}})",
       R"({"spec": {"volumes": [1, {"name": 2, "projected": {"sources": [3]}}], "containers": [{"volumeMounts": [4]}]}})"}) {
    CAPTURE(text);
    static_cast<void>(clean_pod(Json::parse(text), false));
    static_cast<void>(pod_trouble(text));
    CHECK(grace_period(text) == seconds(30));
  }
}

TEST_CASE("grace periods beyond reason are taken as the longest sane one") {
  CHECK(grace_period(running_pod().dump()) == seconds(45));
  CHECK(grace_period(R"({"spec": {"terminationGracePeriodSeconds": 9223372036854775807}})") == hours(24 * 30));
  CHECK(grace_period(R"({"spec": {"terminationGracePeriodSeconds": -1}})") == seconds(0));
}

TEST_CASE("what keeps a pod from running is said in a few words") {
  CHECK(pod_trouble(R"({"status": {"phase": "Pending", "containerStatuses":
        [{"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}})") ==
        "container app: ImagePullBackOff");
  CHECK(pod_trouble(R"({"status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
        "message": "0/3 nodes are available"}]}})") == "phase Pending: 0/3 nodes are available");
  CHECK(pod_trouble(R"({"status": {"phase": "Failed", "message": "node was low on memory"}})") ==
        "phase Failed: node was low on memory");
}

}  // namespace
}  // namespace remint::restart
