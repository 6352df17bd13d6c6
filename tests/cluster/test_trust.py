"""Signing keys and CAs that are replaced: who falls silent then is refreshed, who is heard again is left alone; no leader forgets it."""

import json

import pytest

from harness import wait_until
from harness.expect import cured_by_one_restart, untouched
from harness.resources import Policies, short_spec
from harness.simulator import WorkloadSimulator
from harness.workloads import Space

pytestmark = pytest.mark.remint

CHANGES = "remint_trust_changes_total"
SIGNALS = {
    # Who reads its token again is refused until it has: that is not what this is about, however slow the machine is.
    "rejectedToken": {"enabled": True, "count": 3, "within": "30s", "for": "1m"},
    "trustChange": {"enabled": True, "after": "20s"},
}
PATIENT = ("--lease-duration", "60s")  # the API server is away for a while: the lease must outlast it


def kept(cluster, operator):
    memory = cluster.core().read_namespaced_config_map("remint-memory", operator.lease_namespace)
    return json.loads((memory.data or {}).get("trust", "{}"))


def test_who_is_not_heard_after_a_new_signing_key_is_refreshed_and_who_is_heard_is_not(private_remint_cluster, operators):
    cluster, space = private_remint_cluster, Space.fresh(private_remint_cluster)
    Policies(cluster).put("test", short_spec([space.name], signals=SIGNALS))
    operator = operators(cluster, flags=PATIENT)
    operator.wait_leading()
    silent, reading = space.deployment("silent", replicas=1), space.deployment("reading", replicas=1)
    with (
        WorkloadSimulator(silent, cluster.minter.valid) as hung,
        WorkloadSimulator(reading, cluster.minter.valid) as renewed,
    ):
        for programs in (hung, renewed):
            programs.wait_answered(200, 20)
        wait_until(lambda: kept(cluster, operator).get("signingKeys", {}).get("ids"), 60, "the signing keys to be known")
        # A client that does not get as far as a 401, and one that reads its token again.
        hung.pause()
        cluster.restart_apiserver(new_signing_key=True)
        operator.renew_token()
        renewed.replace_tokens(cluster.minter.valid)

        restart = cured_by_one_restart(silent, timeout=200)
        assert restart["spec"]["diagnosis"] == "SigningKeyChanged"
        (evidence,) = [e for e in restart["spec"]["evidence"] if e["source"] == "trust"]
        assert "does not serve signing key" in evidence["text"], evidence
        untouched(reading)
        assert operator.metrics().sum(CHANGES, what="signing_keys") == 1

        # Whoever leads next knows of the change, and finds no other.
        assert [change["diagnosis"] for change in kept(cluster, operator)["changes"]] == ["SigningKeyChanged"]
        operator.stop()
        after = operators(cluster, flags=PATIENT)
        after.wait_leading()
        wait_until(lambda: after.metrics().sum("remint_trust_readable", what="signing_keys") == 1, 60, "the next look")
        assert after.metrics().sum(CHANGES) == 0
        untouched(reading)


def test_who_trusts_the_replaced_ca_only_is_refreshed_one_by_one_and_who_reads_the_new_one_is_not(
    private_remint_cluster, operators
):
    cluster, space = private_remint_cluster, Space.fresh(private_remint_cluster)
    paced = {"cooldown": "30m", "maxPerHour": 20, "maxConcurrent": 1, "maxWorkloadsPercent": 100}
    Policies(cluster).put("test", short_spec([space.name], signals=SIGNALS, limits=paced))
    operator = operators(cluster, flags=PATIENT)
    operator.wait_leading()
    left_behind = [space.deployment(name, replicas=1) for name in ("left-behind-0", "left-behind-1")]
    reading = space.deployment("reading", replicas=1)
    with (
        WorkloadSimulator(left_behind[0], cluster.minter.valid) as first,
        WorkloadSimulator(left_behind[1], cluster.minter.valid) as second,
        WorkloadSimulator(reading, cluster.minter.valid, reads_ca_again=True) as renewed,
    ):
        for programs in (first, second, renewed):
            programs.wait_answered(200, 20)
        wait_until(lambda: kept(cluster, operator).get("ca", {}).get("ids"), 60, "the CA to be known")
        old = published_ca(space)
        cluster.restart_apiserver(new_ca=True)
        wait_until(lambda: published_ca(space) != old, 60, "the new CA to be published")
        operator.renew_ca()

        restarts = [cured_by_one_restart(workload, timeout=240) for workload in left_behind]
        for restart in restarts:
            assert restart["spec"]["diagnosis"] == "CAChanged"
            (evidence,) = [e for e in restart["spec"]["evidence"] if e["source"] == "trust"]
            assert "kube-root-ca.crt) was replaced" in evidence["text"], evidence
        earlier, later = sorted(restarts, key=lambda restart: restart["status"]["startedAt"])
        assert later["status"]["startedAt"] >= earlier["status"]["finishedAt"]
        for programs in (first, second):
            answers = programs.answers(first=True)
            assert answers["error"] > 0 and 401 not in answers, "what has no connection is rejected by nobody"
            programs.wait_answered(200, 5, first=False)

        renewed.wait_answered(200, renewed.answers(first=True)[200] + 5)
        untouched(reading)
        assert operator.metrics().sum(CHANGES, what="ca") == 1
        assert operator.metrics().sum(CHANGES, what="signing_keys") == 0
        assert operator.holder() == operator.name


def published_ca(space):
    return space.core.read_namespaced_config_map("kube-root-ca.crt", space.name).data["ca.crt"]
