"""Real pods whose tokens die on a real node, and Remint, installed as users install it, that cures them and nobody else.

The stories stand in the order in which they are told. Two of them wait for a clock that nobody can turn: after a change of the
signing key, Remint's own token is dead until the kubelet renews it (at 80 % of 600 s); and a token of 600 s lasts for 600 s,
and 60 more of tolerance. So the key changes first, the short tokens are made right after it, and the others are told meanwhile.
"""

import time

from harness.resources import restarts_of
from harness.tables import row
from harness.wait import wait_until
from rig.party import PATIENT, Party

TIMES, USAGE = "seconds from the first 401 to success", "what Remint takes"


def print_times(party, title, record_property):
    for kind, seconds in party.times().items():
        record_property("table", row(TIMES, kind, {title: f"{seconds:.0f}"}))


def print_usage(usage, title, record_property):
    for replica, columns in usage.table(title, usage.remint.leader()).items():
        record_property("table", row(USAGE, replica, columns))


def test_the_installed_replicas_lead_and_stand_by_at_next_to_no_cost(old, usage, record_property):
    wait_until(lambda: any(len(samples) >= 40 for samples in usage.samples.values()), 120, "40 samples of idle replicas")
    print_usage(usage, "idle", record_property)
    assert not old.restarts(), "something was restarted, and all is well"


def test_workloads_are_cured_after_the_signing_key_changed(remint, old, new_key, short, record_property):
    wait_until(old.restarts, 900, "Remint to be back", 1, PATIENT)
    back = time.monotonic() - new_key
    record_property("table", row(TIMES, "Remint itself, to its first act", {"signing key": f"{back:.0f}"}))
    old.wait_cured(600)
    old.assert_well_left_alone()
    assert not short.restarts(), "what came after the change was well"
    remint.wait_leading(300)
    print_times(old, "signing key", record_property)


def test_workloads_whose_account_was_recreated_are_cured(node, remint, usage, logs, record_property):
    with Party(node, logs, "account") as party:
        party.add_well("fresh")
        party.add_well("fresh-probe", host_network=True)
        party.wait_listing()
        party.recreate_account()
        party.wait_rejected(60)
        party.wait_cured(420)
        party.assert_well_left_alone()
        print_times(party, "account recreated", record_property)


def test_a_restart_goes_on_when_the_leaders_pod_is_deleted_in_the_middle(node, remint, logs, record_property):
    with Party(node, logs, "leader", ("Deployment", "ReplicationController")) as party:
        party.add_well("fresh")
        party.wait_listing()
        party.recreate_account()
        replaced = party.broken[1]
        wait_until(lambda: restarts_of(replaced.workload, replaced.uid), 120, f"a restart of {replaced.workload}")
        leader = remint.leader()
        node.core().delete_namespaced_pod(leader, remint.namespace)
        wait_until(lambda: remint.leader() not in (leader, None), 60, "another replica to lead")
        party.wait_cured(420)
        party.assert_well_left_alone()
        remint.wait_leading()
        print_times(party, "leader deleted", record_property)


def test_a_restart_goes_on_when_containerd_is_restarted_in_the_middle(node, remint, logs, record_property):
    with Party(node, logs, "runtime", ("StatefulSet", "Pod")) as party:
        party.add_well("fresh")
        party.wait_listing()
        party.recreate_account()
        replaced = party.broken[0]
        wait_until(lambda: restarts_of(replaced.workload, replaced.uid), 120, f"a restart of {replaced.workload}")
        operators = {pod.metadata.uid for pod in remint.pods()}
        node.containerd.restart()
        party.wait_cured(420)
        party.assert_well_left_alone()
        assert {pod.metadata.uid for pod in remint.pods()} == operators, "Remint's own pods outlive their runtime"
        print_times(party, "containerd restarted", record_property)


def test_workloads_whose_short_token_ran_out_are_cured_and_those_that_read_it_again_are_left_alone(
    short, remint, record_property
):
    with short:
        short.wait_rejected(720)
        short.wait_cured(420)
        short.assert_well_left_alone()
        print_times(short, "600 s token ran out", record_property)


def test_remint_stayed_inside_its_memory_limit_all_the_time(remint, usage, record_property):
    print_usage(usage, "all the run", record_property)
    for pod in remint.pods():
        (container,) = pod.spec.containers
        assert container.resources.limits["memory"] == "256Mi"
        for status in pod.status.container_statuses:
            ended = status.last_state.terminated
            assert ended is None or ended.reason != "OOMKilled", f"{pod.metadata.name} was killed for its memory"
    assert usage.peak() < 256 << 20
