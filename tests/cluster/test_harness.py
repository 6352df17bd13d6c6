"""The harness itself on a real API server: what each kind of token gets, and what the audit webhook tells.

These facts are what Remint's detection stands on, so they are shown here on their own, with a
receiver that is not Remint.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

import kubernetes
import pytest
from kubernetes.client.exceptions import ApiException

from harness import Cluster, ClusterOptions, wait_until
from harness.audit_sink import AuditSink
from harness.fake_client import FakeClient
from harness.guardian import start_time
from harness.metrics import Metrics
from harness.simulator import WorkloadSimulator
from harness.workloads import Space

POD_NAME = "authentication.kubernetes.io/pod-name"
POD_UID = "authentication.kubernetes.io/pod-uid"
CREDENTIAL = "authentication.kubernetes.io/credential-id"
STALE = "authentication.k8s.io/stale-token"


@pytest.fixture(scope="module", params=["RS256", "ES256"])
def scene(request, kubernetes_binaries):
    """A verbose cluster with a sink behind its webhook and one running pod."""
    with Cluster(kubernetes_binaries, ClusterOptions(verbosity=3, signing_algorithm=request.param)) as cluster:
        sink = AuditSink(cluster.authority)
        cluster.audit_switch.add("sink", sink.port)
        workload = Space.fresh(cluster).deployment("probe", replicas=1).wait_ready()
        yield cluster, sink, workload
        sink.close()


def ask(cluster, workload, token, **options):
    """One request from the workload's pod; the answer, and the pod."""
    pod = workload.live_pods()[0]
    path = f"/api/v1/namespaces/{workload.space.name}/configmaps?limit=500"
    fake = FakeClient(
        cluster.apiserver.url, cluster.apiserver.root_ca, pod.status.pod_ip, token, path=path, **options
    )
    answer = fake.request()
    fake.disconnect()
    return answer, pod


def reason_in_log(cluster, audit_event):
    """The API server's error lines within the event's own time window, which is how they are joined."""
    start, end = (audit_event[k][11:26] for k in ("requestReceivedTimestamp", "stageTimestamp"))
    pattern = re.compile(r'^E\d{4} (\d\d:\d\d:\d\d\.\d{6}).*"Unable to authenticate the request" err="(.*)"$')
    lines = cluster.apiserver.process.log.read_text().splitlines()
    found = [m for m in map(pattern.match, lines) if m and start <= m[1] <= end]
    return [m[2] for m in found]


@pytest.mark.parametrize("kind", ["valid", "stale"])
def test_an_accepted_token_names_its_pod_in_the_audit_event(scene, kind):
    cluster, sink, workload = scene
    holder = workload.space.holder(workload.live_pods()[0])
    answer, pod = ask(cluster, workload, getattr(cluster.minter, kind)(holder))
    assert answer.status == 200
    event = sink.wait_for(auditID=answer.audit_id, stage="ResponseComplete")
    assert event["sourceIPs"][-1] == pod.status.pod_ip
    assert event["user"]["username"] == f"system:serviceaccount:{workload.space.name}:probe"
    extra = event["user"]["extra"]
    assert extra[POD_NAME] == [pod.metadata.name]
    assert extra[POD_UID] == [pod.metadata.uid]
    assert extra[CREDENTIAL][0].startswith("JTI=")
    stale = event["annotations"].get(STALE)
    if kind == "valid":
        assert stale is None
    else:
        match = re.fullmatch(r"subject: (\S+), seconds after warning threshold: (\d+)", stale)
        assert match[1] == event["user"]["username"]
        assert 86400 <= int(match[2]) <= 86410


REJECTED = {
    "expired": r"\[invalid bearer token, service account token has expired\]",
    "not_yet_valid": r"\[invalid bearer token, service account token is not valid yet\]",
    "wrong_pod_uid": r"\[invalid bearer token, pod UID \(.*\) does not match service account pod ref claim \(.*\)\]",
    "pod_gone": r"\[invalid bearer token, service account token has been invalidated\]",
    "wrong_account_uid": r"\[invalid bearer token, service account UID \(.*\) does not match claim \(.*\)\]",
    "other_key": r"\[invalid bearer token, invalid signature, no keys found\]",
    "other_audience": r"\[invalid bearer token, token audiences .* is invalid for the target audiences .*\]",
    "other_issuer": r"invalid bearer token",
    "not_a_token": r"invalid bearer token",
}


@pytest.mark.parametrize("kind", REJECTED)
def test_a_rejected_token_is_a_401_whose_event_names_only_the_caller(scene, kind):
    cluster, sink, workload = scene
    holder = workload.space.holder(workload.live_pods()[0])
    token = "rubbish" if kind == "not_a_token" else getattr(cluster.minter, kind)(holder)
    answer, pod = ask(cluster, workload, token, user_agent=f"probe-{kind}/1")
    assert answer.status == 401
    event = sink.wait_for(auditID=answer.audit_id)
    assert [e["stage"] for e in sink.events(auditID=answer.audit_id)] == ["ResponseStarted"]
    assert event["user"] == {}
    assert event["responseStatus"]["code"] == 401
    assert event["sourceIPs"] == [pod.status.pod_ip]
    assert event["userAgent"] == f"probe-{kind}/1"
    assert event["objectRef"]["namespace"] == workload.space.name
    assert "annotations" not in event
    reasons = wait_until(lambda: reason_in_log(cluster, event), 5, "the API server's log line")
    assert len(reasons) == 1
    assert re.fullmatch(REJECTED[kind].replace('"', r"\""), reasons[0].replace(r"\"", '"'))


def test_only_the_last_source_address_is_not_the_clients_to_choose(scene):
    cluster, sink, workload = scene
    holder = workload.space.holder(workload.live_pods()[0])
    victim = f"127.{cluster.octet}.0.77"
    answer, pod = ask(
        cluster, workload, cluster.minter.expired(holder),
        headers={"X-Forwarded-For": victim, "X-Real-Ip": victim},
    )
    event = sink.wait_for(auditID=answer.audit_id)
    assert event["sourceIPs"][0] == victim
    assert event["sourceIPs"][-1] == pod.status.pod_ip


def test_a_client_without_a_user_agent_has_none_in_the_event(scene):
    cluster, sink, workload = scene
    holder = workload.space.holder(workload.live_pods()[0])
    answer, _ = ask(cluster, workload, cluster.minter.expired(holder), user_agent=None)
    assert "userAgent" not in sink.wait_for(auditID=answer.audit_id)


def test_an_expiring_token_works_and_then_dies(scene):
    cluster, _, workload = scene
    holder = workload.space.holder(workload.live_pods()[0])
    token = cluster.minter.expiring(holder, seconds=2)
    assert ask(cluster, workload, token)[0].status == 200
    start = time.monotonic()
    wait_until(lambda: ask(cluster, workload, token)[0].status == 401, 20, "the token to die", interval=0.5)
    # Its success is cached for 10 s, counted from the last validation.
    assert time.monotonic() - start < 14


def test_the_webhook_shows_its_certificate_and_posts_event_lists(scene):
    _, sink, _ = scene
    path, headers, certificate = sink.requests[0]
    assert path == "/audit?timeout=30s"
    assert headers["Content-Type"] == "application/json"
    assert ((("commonName", "kube-apiserver-audit"),)) in certificate["subject"]


def test_a_restart_of_the_workload_gives_its_clients_good_tokens(cluster):
    space = Space.fresh(cluster)
    workloads = [space.deployment("web"), space.stateful_set("db"), space.daemon_set("agent")]
    for workload in workloads:
        with WorkloadSimulator(workload, cluster.minter.expired) as programs:
            programs.wait_answered(401)
            assert workload.restarts() == []
            stamp = "2026-01-02T03:04:05Z"
            annotations = {"kubectl.kubernetes.io/restartedAt": stamp}
            workload.patch({"spec": {"template": {"metadata": {"annotations": annotations}}}})
            workload.wait_ready()
            programs.wait_answered(200, first=False)
            assert 401 not in programs.answers(first=False)
            assert workload.restarts() == [stamp]
            assert workload.revisions() == 2
    space.delete()


def test_terminating_pods_and_stuck_pods_can_be_had(cluster):
    space = Space.fresh(cluster)
    slow = space.deployment("slow", replicas=1, pod_annotations={"harness.remint.dev/stop-delay": "30s"})
    pod = slow.wait_ready().pods()[0]
    space.core.delete_namespaced_pod(pod.metadata.name, space.name, grace_period_seconds=30)
    wait_until(lambda: len(slow.live_pods()) == 1 and len(slow.pods()) == 2, 10, "an old pod beside the new one")
    stuck = space.deployment("stuck", replicas=1, pod_annotations={"harness.remint.dev/hold-start": "true"})
    pods = wait_until(lambda: [p for p in stuck.pods() if p.spec.node_name], 10, "a scheduled pod")
    assert pods[0].status.phase == "Pending"
    space.delete()


def test_an_old_watch_gets_410_after_a_restart_and_a_compaction(private_cluster):
    core = private_cluster.core()
    old = core.list_namespaced_config_map("default").metadata.resource_version
    for index in range(5):
        core.create_namespaced_config_map("default", {"metadata": {"name": f"filler-{index}"}})
    private_cluster.restart_apiserver(while_down=private_cluster.etcd.compact)
    with pytest.raises(ApiException) as gone:
        for _ in kubernetes.watch.Watch().stream(
            core.list_namespaced_config_map, "default", resource_version=old, timeout_seconds=10
        ):
            pass
    assert gone.value.status == 410
    assert len(core.list_namespaced_config_map("default", label_selector="!x").items) >= 5


def test_a_new_signing_key_kills_every_token(private_cluster):
    workload = Space.fresh(private_cluster).deployment("web", replicas=1).wait_ready()
    holder = workload.space.holder(workload.pods()[0])
    token = private_cluster.minter.valid(holder)
    assert ask(private_cluster, workload, token)[0].status == 200
    private_cluster.restart_apiserver(new_signing_key=True)
    assert ask(private_cluster, workload, token)[0].status == 401
    assert ask(private_cluster, workload, private_cluster.minter.valid(holder))[0].status == 200


def test_the_switch_hands_over_to_another_receiver(cluster):
    workload = Space.fresh(cluster).deployment("probe", replicas=1).wait_ready()
    holder = workload.space.holder(workload.pods()[0])
    first, second = AuditSink(cluster.authority, name="one"), AuditSink(cluster.authority, name="two")
    cluster.audit_switch.add("one", first.port)
    cluster.audit_switch.add("two", second.port)
    try:
        cluster.audit_switch.prefer("one")
        first.wait_for(auditID=ask(cluster, workload, cluster.minter.valid(holder))[0].audit_id)
        cluster.audit_switch.prefer("two")
        second.wait_for(auditID=ask(cluster, workload, cluster.minter.valid(holder))[0].audit_id)
        second.close()
        cluster.audit_switch.cut()  # the preferred one refuses now: fall back to whoever is up
        first.wait_for(auditID=ask(cluster, workload, cluster.minter.valid(holder))[0].audit_id)
    finally:
        cluster.audit_switch.remove("one")
        cluster.audit_switch.remove("two")
        first.close()
    workload.space.delete()


def test_two_clusters_run_at_once_and_leave_nothing_behind(cluster, kubernetes_binaries):
    with Cluster(kubernetes_binaries, ClusterOptions(nodes=1)) as other:
        assert other.octet != cluster.octet
        pids = [process.pid for process in other.processes]
        assert all(start_time(pid) for pid in pids)
        assert other.core().list_node().items[0].metadata.name == "node-0"
    assert not any(start_time(pid) for pid in pids)
    assert not other.folder.exists()


def test_a_killed_harness_takes_its_cluster_with_it(kubernetes_binaries):
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); from harness import Cluster\n"
        "cluster = Cluster(sys.argv[2]).start()\n"
        "print(cluster.folder, *[p.pid for p in cluster.processes], flush=True); time.sleep(600)"
    )
    here = str(Path(__file__).resolve().parent)
    child = subprocess.Popen(
        [sys.executable, "-c", script, here, str(kubernetes_binaries)], stdout=subprocess.PIPE, text=True
    )
    words = child.stdout.readline().split()
    pids = [int(word) for word in words[1:]]
    assert len(pids) == 5 and all(start_time(pid) for pid in pids)
    child.kill()
    child.wait()
    wait_until(lambda: not any(start_time(pid) for pid in pids), 10, "the cluster to be gone")
    subprocess.run(["rm", "-rf", words[0]], check=True)


def test_metrics_are_parsed_as_prometheus_writes_them():
    text = '# HELP a b\n# TYPE a counter\na{x="1",y="say \\"hi\\""} 2\na{x="2"} 3 1700000000\nb 1e3\n'
    metrics = Metrics(text)
    assert metrics.find("a", x="1") == [({"x": "1", "y": 'say "hi"'}, 2.0)]
    assert metrics.sum("a") == 5
    assert metrics.sum("b") == 1000


def test_the_fake_kubelet_cannot_remove_a_pod_that_nobody_deleted(scene):
    """kwok asks by name: one that was late removed the pod just created again under the name of the one it meant."""
    cluster, _, workload = scene
    pod = workload.live_pods()[0].metadata
    with kubernetes.config.new_client_from_config(str(cluster.folder / "kwok.kubeconfig")) as kwok:

        def refused():
            try:
                kubernetes.client.CoreV1Api(kwok).delete_namespaced_pod(pod.name, pod.namespace, dry_run="All")
                return False  # an admission policy takes a moment to be in force
            except ApiException as error:
                return "kwok-removes-what-is-terminating" in str(error)

        wait_until(refused, 10, "the refusal")
