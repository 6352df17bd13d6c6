"""What the values make of the objects."""

import pytest
import yaml
from chart import CI_VALUES

LONG = "a-release-with-a-name-that-is-much-longer-than-is-good"


def volume(rendered, name):
    return next(v for v in rendered.pod["volumes"] if v["name"] == name)


def test_two_replicas_of_which_one_acts(helm):
    rendered = helm.template()
    assert rendered.one("Deployment")["spec"]["replicas"] == 2
    assert {"--leader-elect", "--lease-name=remint"} <= set(rendered.args)
    assert rendered.one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_the_audit_service_selects_the_leader_and_the_metrics_service_everybody(helm):
    rendered = helm.template()
    selector = rendered.one("Deployment")["spec"]["selector"]["matchLabels"]
    assert rendered.one("Service", "remint-audit")["spec"]["selector"] == selector | {"remint.dev/role": "leader"}
    assert rendered.one("Service", "remint-metrics")["spec"]["selector"] == selector
    alone = helm.template({"replicas": 1, "leaderElection": {"enabled": False}})
    assert alone.one("Service", "remint-audit")["spec"]["selector"] == selector, "nobody labels it then"


def test_the_operator_knows_its_pod_and_its_namespace(helm):
    environment = {e["name"]: e["valueFrom"]["fieldRef"]["fieldPath"] for e in helm.template().container["env"]}
    assert environment == {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace"}


def test_the_pods_are_locked_down_by_default(helm):
    rendered = helm.template()
    assert rendered.pod["securityContext"]["runAsNonRoot"] is True
    assert rendered.pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert rendered.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_the_token_is_projected_at_the_usual_place_with_a_life_of_its_own(helm):
    rendered = helm.template({"serviceAccount": {"tokenExpirationSeconds": 900}})
    assert rendered.pod["automountServiceAccountToken"] is False
    sources = volume(rendered, "api-token")["projected"]["sources"]
    assert {"path": "token", "expirationSeconds": 900} in [s.get("serviceAccountToken") for s in sources]
    mount = next(m for m in rendered.container["volumeMounts"] if m["name"] == "api-token")
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"


def test_the_kubelet_waits_longer_than_a_stop_may_take(helm):
    rendered = helm.template({"gracePeriodSeconds": 45})
    assert "--grace=45s" in rendered.args
    assert rendered.pod["terminationGracePeriodSeconds"] == 55


def test_the_probes_ask_where_the_operator_listens(helm):
    rendered = helm.template({"metrics": {"containerPort": 9999}, "probes": {"readiness": {"periodSeconds": 2}}})
    assert "--listen=[::]:9999" in rendered.args
    assert {"name": "metrics", "containerPort": 9999} in rendered.container["ports"]
    assert rendered.container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "metrics"}
    readiness = rendered.container["readinessProbe"]
    assert readiness["httpGet"] == {"path": "/readyz", "port": "metrics"} and readiness["periodSeconds"] == 2


def test_the_image_can_be_moved_tagged_and_pinned(helm):
    image = lambda values: helm.template(values).container["image"]  # noqa: E731
    digest = "sha256:" + "0" * 64
    assert image({}) == "ghcr.io/remint/remint:0.1.0"
    assert image({"image": {"tag": "9"}}) == "ghcr.io/remint/remint:9"
    assert image({"image": {"tag": "9", "digest": digest}}) == f"ghcr.io/remint/remint@{digest}"
    assert image({"global": {"imageRegistry": "mine:5000"}}) == "mine:5000/remint/remint:0.1.0"


def test_pull_secrets_may_be_names_or_objects_and_are_named_once(helm):
    values = {"global": {"imagePullSecrets": ["a", {"name": "b"}]}, "imagePullSecrets": [{"name": "c"}, "a"]}
    assert helm.template(values).pod["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}, {"name": "c"}]


def test_a_budget_of_zero_is_a_budget(helm):
    spec = helm.template({"podDisruptionBudget": {"minAvailable": 0}}).one("PodDisruptionBudget")["spec"]
    assert spec["minAvailable"] == 0 and "maxUnavailable" not in spec
    assert helm.template({"revisionHistoryLimit": 0}).one("Deployment")["spec"]["revisionHistoryLimit"] == 0
    assert not helm.template({"replicas": 1}).all("PodDisruptionBudget"), "it would only block the node's drain"


def test_a_fixed_address_is_in_the_service_and_a_node_port_too(helm):
    fixed = helm.template({"audit": {"service": {"clusterIP": "10.96.0.50"}}}).one("Service", "remint-audit")
    assert fixed["spec"]["clusterIP"] == "10.96.0.50"
    nodes = helm.template({"audit": {"service": {"type": "NodePort", "nodePort": 30443}}}).one("Service", "remint-audit")
    assert nodes["spec"]["type"] == "NodePort" and nodes["spec"]["ports"][0]["nodePort"] == 30443


def test_who_sends_audit_events_must_be_known(helm):
    assert "audit.clientCertificate may be off only with" in helm.refusal({"audit": {"clientCertificate": False}})
    rendered = helm.template({"audit": {"clientCertificate": False, "bearerToken": {"enabled": True}}})
    assert "--audit-token-file=/etc/remint/token/token" in rendered.args
    assert not [a for a in rendered.args if a.startswith("--audit-client-ca")]


def test_several_replicas_need_the_lease(helm):
    assert "leaderElection.enabled" in helm.refusal({"leaderElection": {"enabled": False}})


def test_no_name_is_longer_than_kubernetes_allows(helm):
    rendered = helm.template({"fullnameOverride": LONG}, release="r")
    for document in rendered.documents:
        labels = document["metadata"]["labels"].values()
        assert all(len(value) <= 63 for value in [document["metadata"]["name"], *labels])
    assert rendered.one("Deployment")["metadata"]["name"] == LONG[:50].rstrip("-")


@pytest.mark.parametrize("file", CI_VALUES, ids=lambda f: f.stem)
def test_every_object_has_the_common_labels_and_the_annotations(helm, file):
    common = {"commonLabels": {"department": "x"}, "commonAnnotations": {"owner": "someone"}}
    for document in helm.template(common, file=file).documents:
        if document["metadata"]["name"].endswith(("-extra", "-as-text")):
            continue  # the user's own
        metadata = document["metadata"]
        assert metadata["labels"]["department"] == "x" and metadata["annotations"]["owner"] == "someone", metadata
        assert metadata["labels"]["app.kubernetes.io/instance"] == "remint"


def test_the_crds_are_kept_unless_the_values_say_otherwise(helm):
    keep = "helm.sh/resource-policy"
    kept = helm.template().all("CustomResourceDefinition")
    assert len(kept) == 3 and all(crd["metadata"]["annotations"][keep] == "keep" for crd in kept)
    dropped = helm.template({"crds": {"keep": False}}).all("CustomResourceDefinition")
    assert len(dropped) == 3 and not any(keep in crd["metadata"].get("annotations", {}) for crd in dropped)
    assert not helm.template({"crds": {"install": False}}).all("CustomResourceDefinition")


def test_the_default_policy_observes_unless_told_otherwise(helm):
    policy = helm.template().one("ClusterTokenRefreshPolicy", "default")
    assert policy["spec"] == {"mode": "Observe"}
    bolder = helm.template({"defaultPolicy": {"mode": "Enforce", "spec": {"limits": {"maxPerHour": 3}}}})
    spec = bolder.one("ClusterTokenRefreshPolicy")["spec"]
    assert spec == {"mode": "Enforce", "limits": {"maxPerHour": 3}}
    assert "modeCeiling" in helm.refusal({"modeCeiling": "Observe", "defaultPolicy": {"mode": "Approve"}})
    assert "modeCeiling" in helm.refusal({"modeCeiling": "Approve", "defaultPolicy": {"mode": "Enforce"}})


def test_the_default_policy_is_a_hook_unless_others_apply_it(helm):
    hook = "helm.sh/hook"
    assert hook in helm.template().one("ClusterTokenRefreshPolicy")["metadata"]["annotations"]
    plain = helm.template({"defaultPolicy": {"hook": False}})
    assert hook not in plain.one("ClusterTokenRefreshPolicy")["metadata"]["annotations"]


def test_scrape_annotations_give_way_to_a_monitor(helm):
    annotations = lambda rendered: rendered.one("Deployment")["spec"]["template"]["metadata"].get("annotations", {})  # noqa: E731
    plain = helm.template({"metrics": {"scrapeAnnotations": True}})
    assert annotations(plain)["prometheus.io/port"] == "8080"
    watched = helm.template({"metrics": {"scrapeAnnotations": True, "podMonitor": {"enabled": True}}})
    assert "prometheus.io/port" not in annotations(watched)


def test_extra_objects_are_templates_as_yaml_or_as_text(helm):
    rendered = helm.template(file=next(f for f in CI_VALUES if f.stem.startswith("everything")))
    assert rendered.one("ConfigMap", "remint-extra")["data"] == {"a": "b"}
    assert rendered.one("ConfigMap", "remint-watch-as-text")


def test_the_network_policy_names_the_ports_and_the_peers(helm):
    spec = helm.template({"networkPolicy": {"auditFrom": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}}).one("NetworkPolicy")["spec"]
    audit, metrics = spec["ingress"]
    assert audit == {"ports": [{"port": "audit", "protocol": "TCP"}], "from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}
    assert metrics == {"ports": [{"port": "metrics", "protocol": "TCP"}]}
    assert [p["port"] for p in spec["egress"][0]["ports"]] == [443, 6443] and len(spec["egress"]) == 1


def test_secrets_of_ones_own_are_mounted_and_none_is_made(helm):
    rendered = helm.template(file=next(f for f in CI_VALUES if f.stem.startswith("given")))
    assert not rendered.all("Secret")
    mounted = {v["name"]: v["secret"]["secretName"] for v in rendered.pod["volumes"] if "secret" in v}
    assert mounted == {"tls": "my-tls", "bearer-token": "my-token", "pod-log-token": "my-lines", "journal-key": "my-journal"}
    assert "--journal-key-file=/etc/remint/journal/sealing" in rendered.args


def test_what_is_rendered_twice_differs_in_nothing_but_what_is_made_up(helm):
    def fixed():
        documents = helm.template(file=CI_VALUES[0]).documents
        return yaml.safe_dump([d for d in documents if d["kind"] != "Secret"])

    assert fixed() == fixed()
