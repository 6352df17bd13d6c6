"""Why a token was rejected: by the API server's own log, followed as a file, and by what is known without it."""

import datetime

import pytest

from harness import wait_until
from harness.expect import cured_by_one_restart, stays_untouched, untouched, wait_decided, wait_explained
from harness.resources import Policies, short_spec
from harness.simulator import WorkloadSimulator
from harness.workloads import Space

pytestmark = pytest.mark.remint

JOINS = "remint_apiserver_log_joins_total"
LINES = "remint_apiserver_log_lines_total"
# Of the lease nothing is to be seen here; and a busy machine takes its time to restart an API server.
PATIENT = ("--lease-duration", "300s")


def following(cluster):
    return ("--apiserver-log", cluster.apiserver.process.log)


@pytest.fixture
def informed(remint_cluster, space, policies, operators):
    """An operator that follows the API server's log, and an Enforce policy for one namespace."""
    policies.put(space.name, short_spec([space.name]))
    operator = operators(remint_cluster, flags=following(remint_cluster))
    operator.wait_leading()
    return remint_cluster, space, operator


@pytest.mark.parametrize(
    "kind, diagnosis, words",
    [
        ("expired", "Expired", "has expired"),
        ("other_key", "SigningKeyChanged", "no keys found"),
        ("wrong_account_uid", "ServiceAccountRecreated", "does not match"),
        ("wrong_pod_uid", "BoundObjectChanged", "does not match"),
    ],
)
def test_the_log_says_why_and_the_restart_tells_it(informed, kind, diagnosis, words):
    cluster, space, _ = informed
    web = space.deployment("web", replicas=1)
    with WorkloadSimulator(web, getattr(cluster.minter, kind)):
        restart = cured_by_one_restart(web)
    assert restart["spec"]["diagnosis"] == diagnosis
    said = [e["text"] for e in restart["spec"]["evidence"] if e["source"] == "apiserver-log"]
    assert said and all(words in text for text in said), restart["spec"]["evidence"]


def test_a_wrong_audience_is_reported_and_nothing_is_restarted_since_that_would_not_help(informed):
    cluster, space, operator = informed
    web = space.deployment("web", replicas=1)
    with WorkloadSimulator(web, cluster.minter.other_audience):
        wait_explained(web, "WrongAudience")
        wait_decided(operator, "Refuse")
        stays_untouched(web, 5)


def test_rejections_are_joined_to_their_lines_though_others_fail_at_the_same_time(informed):
    cluster, space, operator = informed
    for name, kind in (("one", "expired"), ("two", "other_audience"), ("three", "other_key")):
        workload = space.deployment(name, replicas=2, annotations={"remint.dev/ignore": "true"})
        program = WorkloadSimulator(workload, getattr(cluster.minter, kind), interval=0.2)
        with program:
            program.wait_answered(401, 30)
    wait_until(lambda: operator.metrics().sum(JOINS) >= 60, 90, "rejections that are half a minute old", interval=1)
    joins = {result: operator.metrics().sum(JOINS, result=result) for result in ("joined", "ambiguous", "unjoined")}
    print(joins)
    assert joins["joined"] > 0.9 * sum(joins.values()), joins
    assert operator.metrics().sum(LINES, result="reason") >= joins["joined"]


def test_a_service_account_made_anew_is_known_without_any_log(scene):
    web = scene.space.deployment("web", replicas=1)
    with WorkloadSimulator(web, scene.cluster.minter.valid) as programs:
        programs.wait_answered(200)
        created = web.live_pods()[0].metadata.creation_timestamp
        # Objects' times are whole seconds: only an account that is clearly younger is known to be.
        wait_until(lambda: datetime.datetime.now(datetime.UTC) > created + datetime.timedelta(seconds=3), 10, "3 s")
        scene.space.core.delete_namespaced_service_account("web", scene.space.name)
        wait_until(lambda: _create_account(scene.space, "web"), 10, "the ServiceAccount to be made anew")
        restart = cured_by_one_restart(web)
    assert restart["spec"]["diagnosis"] == "ServiceAccountRecreated"


def test_a_signing_key_that_is_replaced_breaks_everybody_and_everybody_is_cured(private_remint_cluster, operators):
    cluster, space = private_remint_cluster, Space.fresh(private_remint_cluster)
    Policies(cluster).put("test", short_spec([space.name], limits={"cooldown": "30m", "maxConcurrent": 10, "maxWorkloadsPercent": 100}))
    operator = operators(cluster, flags=(*PATIENT, *following(cluster)))
    operator.wait_leading()
    workloads = [space.deployment(f"web-{n}", replicas=1) for n in range(3)]
    programs = [WorkloadSimulator(workload, cluster.minter.valid).start() for workload in workloads]
    try:
        for program in programs:
            program.wait_answered(200)
        for workload in workloads:
            untouched(workload)
        cluster.restart_apiserver(new_signing_key=True)
        operator.renew_token()  # its own token is as dead as theirs; the kubelet will renew it, here at once
        for workload in workloads:
            assert cured_by_one_restart(workload, timeout=120)["spec"]["diagnosis"] == "SigningKeyChanged"
    finally:
        for program in programs:
            program.stop()


def _create_account(space, name):
    space.core.create_namespaced_service_account(space.name, {"metadata": {"name": name}})
    return True
