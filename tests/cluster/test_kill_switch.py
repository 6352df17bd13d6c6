"""The kill switch: with it on nothing more is written to any workload, until it is off; and everybody can see it.

One annotation on Remint's Lease stops the cluster, `suspend: true` one policy's restarts.
"""

import json

import pytest

from harness import holds_for, wait_until
from harness.commands import Commands, succeeded
from harness.expect import cured_by_one_restart, wait_explained
from harness.resources import condition_of, kubectl, restarts_of, short_spec
from harness.simulator import WorkloadSimulator
from harness.stage import Stage
from harness.subjects import SUBJECTS
from harness.write_proxy import HELD, WriteProxy

pytestmark = pytest.mark.remint

SUSPEND = "remint.dev/suspend"


class Switch:
    """The one line of the README, for a Lease of any name."""

    def __init__(self, cluster, lease="remint"):
        self.cluster = cluster
        self.lease = lease

    def on(self, why="change freeze"):
        self._annotate(f"{SUSPEND}={why}")

    def off(self):
        self._annotate(f"{SUSPEND}-")

    def _annotate(self, words):
        kubectl(self.cluster, "annotate", "lease", self.lease, "-n", "remint-system", words, "--overwrite")


def to_workloads(operator):
    """The writes that changed a workload, or would have."""
    return [w for w in operator.proxy.applied() if is_to_a_workload(w)]


def is_to_a_workload(write):
    """Not to Remint's own journal, and not a trying out."""
    return write.resource != "workloadrestarts" and not write.dry_run


def announces(write):
    """The first step of a strategy, written to the journal before it is taken."""
    return write.resource == "workloadrestarts" and write.subresource == "status" and "Running" in write.label


def stays_at(operator, count, seconds=6):
    holds_for(lambda: len(to_workloads(operator)) == count, seconds, f"no write to a workload but the {count} before")


def wait_shown(operator, value):
    """The metric goes by the Lease as it was read last, which is a third of its duration ago at most."""
    wait_until(lambda: operator.metrics().sum("remint_suspended") == value, 30, f"remint_suspended to be {value}")


def wait_suspended(restart, status="True"):
    wait_until(lambda: condition_of(restart.read(), "Suspended").get("status") == status, 30, f"condition Suspended={status}")


@pytest.mark.parametrize("strategy", SUBJECTS)
@pytest.mark.parametrize("moment, before", [(announces, 0), (is_to_a_workload, 1)], ids=["announced", "begun"])
def test_in_the_middle_of_a_restart_no_further_write_is_made_until_it_is_off(remint_cluster, strategy, moment, before):
    """It is switched on while a write is on its way: that one arrives, and no other."""
    with Stage(remint_cluster, SUBJECTS[strategy]) as stage:
        operator, switch = stage.operator(), Switch(stage.cluster, stage.name)
        operator.proxy.at(moment, HELD, switch.on)
        stage.begin()
        try:
            operator.proxy.wait_fired(30)
            stays_at(operator, before)
            if strategy == "RolloutRestart" and before:
                return  # that was its only one
            wait_suspended(stage.restart)
            wait_shown(operator, 1)
        finally:
            switch.off()
        stage.wait_end(90)
        stage.assert_restarted_once_and_whole()
        wait_shown(operator, 0)


@pytest.mark.parametrize("strategy", ["ScaleToZero", "RollingReplace"])
def test_it_outlives_the_operator(remint_cluster, strategy):
    with Stage(remint_cluster, SUBJECTS[strategy]) as stage:
        first, switch = stage.operator(), Switch(stage.cluster, stage.name)
        first.proxy.at(is_to_a_workload, HELD, switch.on)
        stage.begin()
        try:
            first.proxy.wait_fired(30)
            stays_at(first, 1, 3)
            first.kill()
            second = stage.operator()
            stays_at(second, 0, 8)
            wait_shown(second, 1)
        finally:
            switch.off()
        stage.wait_end(90)
        stage.assert_restarted_once_and_whole()


@pytest.fixture
def proxied(remint_cluster, space, policies, operators):
    """As `scene`, behind a write proxy: (scene's parts, operator with .proxy, switch)."""
    policies.put(space.name, short_spec([space.name]))
    proxy, switch = WriteProxy(remint_cluster), Switch(remint_cluster)
    operator = operators(remint_cluster, server=proxy.url)
    operator.proxy = proxy
    operator.wait_leading()
    yield policies, operator, switch
    proxy.close()


def test_while_it_is_on_nothing_is_begun_and_everybody_can_see_why(remint_cluster, space, proxied):
    policies, operator, switch = proxied
    switch.on("moving the database")
    wait_until(lambda: operator.metrics().sum("remint_suspended") == 1, 30, "remint_suspended to be 1")
    condition = policies.wait_condition(space.name, "Suspended", "True")
    assert "moving the database" in condition["message"], condition

    web = space.deployment("web", replicas=1)
    with WorkloadSimulator(web, remint_cluster.minter.expired):
        wait_explained(web, r"suspend")
        holds_for(lambda: not restarts_of(web), 6, "nothing is begun")
        assert to_workloads(operator) == []
        remint = Commands(remint_cluster, space.name)
        told = succeeded(remint("explain", "deploy/web"))
        assert "moving the database" in told, told
        would = json.loads(succeeded(remint("explain", "deploy/web", "-o", "json")))["ifItFailed"]
        assert would["decision"] != "Restart" and "suspend" in would["reason"], would

        switch.off()
        cured_by_one_restart(web)
    policies.wait_condition(space.name, "Suspended", "False")
    wait_shown(operator, 0)


def test_the_value_false_does_not_count(remint_cluster, space, proxied):
    _, operator, switch = proxied
    switch.on("false")
    web = space.deployment("web", replicas=1)
    with WorkloadSimulator(web, remint_cluster.minter.expired):
        cured_by_one_restart(web)
    wait_shown(operator, 0)


def test_a_policy_that_is_suspended_begins_nothing_and_its_restart_under_way_stands_still(remint_cluster, space, proxied):
    policies, operator, _ = proxied
    spec = short_spec([space.name], strategies={"ReplicationController": [{"type": "RollingReplace", "updatePeriod": "0s"}]})
    policies.put(space.name, spec)
    policies.wait_observed(space.name)

    def suspend():
        policies.put(space.name, spec | {"suspend": True})
        policies.wait_condition(space.name, "Suspended", "True")

    operator.proxy.at(is_to_a_workload, HELD, suspend)
    web = space.replication_controller("web")
    uid = web.wait_ready().uid
    with WorkloadSimulator(web, remint_cluster.minter.expired):
        operator.proxy.wait_fired(60)
        stays_at(operator, 1)
        (restart,) = restarts_of(web, uid)
        wait_until(
            lambda: condition_of(restarts_of(web, uid)[0], "Suspended").get("status") == "True", 30, "condition Suspended"
        )
        other = space.deployment("other", replicas=1)
        with WorkloadSimulator(other, remint_cluster.minter.expired):
            wait_explained(other, r"suspend")
            holds_for(lambda: not restarts_of(other), 5, "nothing is begun")
            wait_shown(operator, 0)  # the cluster is not suspended
            policies.put(space.name, spec)
            cured_by_one_restart(other)
        done = wait_until(
            lambda: [r for r in restarts_of(web, uid) if r["status"].get("outcome") == "Cured"], 90, "web to be cured"
        )
    assert [r["metadata"]["uid"] for r in done] == [restart["metadata"]["uid"]]
