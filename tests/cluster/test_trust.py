"""Signing keys that are replaced: who falls silent then is refreshed, who is heard again is left alone; no leader forgets it."""

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
