"""A real OpenTelemetry Collector, with the configurations that people are given, between log files and Remint."""

import pytest

from harness import wait_until
from harness.collector import Collector, PodLogFiles, build
from harness.expect import cured_by_one_restart, restarted_exactly_once, untouched
from harness.resources import short_spec, wait_finished
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint

TOKEN = "what-senders-show"
PATIENT = ("--lease-duration", "300s")
AUDIT_BODIES = "remint_audit_batches_total"
UNWRAPPED = "remint_audit_events_unwrapped_total"
APISERVER_LINES = "remint_apiserver_log_lines_total"
POD_LOG_BODIES = "remint_pod_log_bodies_total"
POSTED_LINES = "remint_pod_log_posted_lines_total"
NO_EVENT = '{"hello": "world"}\n'
AUDIT_LOG = "/var/log/kubernetes/audit/audit.log"
POD_LOGS = "/var/log/pods"
# As client-go 0.32 prints it.
REFUSED = (
    'E1122 10:40:19.488808       1 reflector.go:166] "Unhandled Error" err="pkg/mod/k8s.io/client-go@v0.32.2/tools/cache/'
    'reflector.go:251: Failed to watch *v1.Namespace: failed to list *v1.Namespace: Unauthorized" logger="UnhandledError"'
)


@pytest.fixture(scope="session")
def program(pytestconfig):
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        program, why_not = build()
    if program is None:
        pytest.skip(f"NO OPENTELEMETRY COLLECTOR TO TEST WITH: {why_not.upper()}")
    return program


@pytest.fixture
def operator(remint_cluster, tmp_path, operators):
    """One that the API server itself tells nothing, and that a token opens."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    operator = operators(remint_cluster, hears=False, flags=(*PATIENT, "--audit-token-file", token))
    operator.wait_leading()
    return operator


@pytest.fixture
def node(tmp_path):
    with PodLogFiles(tmp_path / "pods") as node:
        yield node


def by_logs(space):
    spec = short_spec([space.name])
    return spec | {"signals": spec["signals"] | {"podLog": {"enabled": True, "sufficient": True}}}


def deployment(space, name):
    workload = space.deployment(name, replicas=1)
    workload.wait_ready(60)
    (pod,) = workload.live_pods()
    return workload, pod


def test_it_sends_both_logs_and_the_right_workload_is_restarted_for_the_right_reason(
    program, remint_cluster, space, policies, operator, node
):
    cluster = remint_cluster
    policies.put(space.name, short_spec([space.name]))
    web, other = space.deployment("web", replicas=1), space.deployment("other", replicas=1)
    node.follow_apiserver(cluster)
    places = {AUDIT_LOG: cluster.apiserver.audit_log, POD_LOGS: node.folder}
    with Collector(program, cluster, operator, "otel-collector.yaml", TOKEN, places):
        wait_until(lambda: operator.metrics().sum(UNWRAPPED) > 0, 60, "the collector's first events")
        with WorkloadSimulator(web, cluster.minter.expired), WorkloadSimulator(other, cluster.minter.valid):
            restart = cured_by_one_restart(web)
        assert restart["spec"]["diagnosis"] == "Expired"
        untouched(other)
        metrics = operator.metrics()
        assert metrics.sum(APISERVER_LINES, result="reason") > 0
        assert metrics.sum(AUDIT_BODIES) == metrics.sum(AUDIT_BODIES, result="queued") > 0


def test_pods_logs_that_it_sends_name_their_pods(program, remint_cluster, space, policies, operator, node):
    policies.put(space.name, by_logs(space))
    (broken, at_broken), (fine, at_fine) = deployment(space, "broken"), deployment(space, "fine")
    with Collector(program, remint_cluster, operator, "otel-pod-logs.yaml", TOKEN, {POD_LOGS: node.folder}):

        def printed():
            node.write(at_fine, "I1122 10:40:19.488808       1 main.go:1] all is well")
            node.write(at_broken, "x" * 40_000 + " a line in three pieces", REFUSED)
            return operator.metrics().sum("remint_pod_log_lines_total", result="matched") >= 5

        wait_until(printed, 60, "lines that match", interval=0.5)
        wait_finished(broken, 1)
    restarted_exactly_once(broken)
    untouched(fine)
    metrics = operator.metrics()
    assert metrics.sum(POSTED_LINES, result="taken") >= 10
    assert metrics.sum(POSTED_LINES, result="invalid") == 0
    assert metrics.sum(AUDIT_BODIES) == 0


def test_what_pods_printed_while_remint_was_away_arrives_when_it_is_back(
    program, remint_cluster, space, policies, operator, node
):
    policies.put(space.name, by_logs(space))
    broken, pod = deployment(space, "broken")
    with Collector(program, remint_cluster, operator, "otel-pod-logs.yaml", TOKEN, {POD_LOGS: node.folder}) as collector:

        def taken():
            # What is in a file that the collector finds at its first start is old to it.
            node.write(pod, "I1122 10:40:19.488808       1 main.go:1] all is well")
            return operator.metrics().sum(POD_LOG_BODIES, result="taken") > 0

        wait_until(taken, 60, "the first line", interval=0.5)
        operator.stop()
        node.write(pod, *[REFUSED] * 5)
        wait_until(lambda: collector.said("Exporting failed", "retry"), 60, "the collector to try again")
        operator.start()
        wait_finished(broken, 1)
    restarted_exactly_once(broken)
    assert not collector.said("Dropping data")


def test_what_remint_refuses_is_dropped_and_what_comes_after_it_arrives(
    program, remint_cluster, operator, node, tmp_path
):
    cluster, log = remint_cluster, tmp_path / "audit.log"
    log.write_text("")
    places = {AUDIT_LOG: log, POD_LOGS: node.folder}

    def refused(collector, status, text):
        """The log is written to until the collector has found it."""
        with log.open("a") as file:
            file.write(text)
        return collector.said("Exporting failed", "Dropping data", f"Status Code {status}")

    with Collector(program, cluster, operator, "otel-collector.yaml", TOKEN, places) as collector:
        wait_until(lambda: refused(collector, 400, NO_EVENT), 60, "what is no event to be dropped", interval=0.5)
        event = cluster.apiserver.audit_log.read_text(encoding="utf-8").splitlines()[-1]
        with log.open("a") as file:
            file.write(f"{event}\n")
        wait_until(lambda: operator.metrics().sum(UNWRAPPED) == 1, 60, "the event after it")
        assert operator.metrics().sum(AUDIT_BODIES, result="no_events") > 0


def test_with_another_token_nothing_is_taken_and_its_log_says_so(program, remint_cluster, operator, node, tmp_path):
    log = tmp_path / "audit.log"
    log.write_text("")
    places = {AUDIT_LOG: log, POD_LOGS: node.folder}

    def refused():
        with log.open("a") as file:
            file.write("{}\n")
        return collector.said("Exporting failed", "Dropping data", "Status Code 401")

    with Collector(program, remint_cluster, operator, "otel-collector.yaml", "another", places) as collector:
        wait_until(refused, 60, "a refusal", interval=0.5)
    metrics = operator.metrics()
    assert metrics.sum(AUDIT_BODIES) == metrics.sum(AUDIT_BODIES, result="unauthorized") > 0
