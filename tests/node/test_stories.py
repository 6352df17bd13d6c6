"""Real pods whose tokens die on a real node, and Remint, installed as users install it, that cures them and nobody else.

The stories stand in the order in which they are told: the workloads with short tokens are made first, and their tokens
run out while other stories go on.
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


def test_the_installed_replicas_lead_and_stand_by_at_next_to_no_cost(short, usage, record_property):
    wait_until(lambda: any(len(samples) >= 40 for samples in usage.samples.values()), 120, "40 samples of idle replicas")
    print_usage(usage, "idle", record_property)
    assert not short.restarts(), "something was restarted, and all is well"


def test_renewed_certificates_are_served_without_a_restart(remint):
    """The stories that follow show that the API server, which has its old client certificate, is heard as before."""
    certificate, replicas = remint.audit_certificate(), remint.runs()
    remint.upgrade({"audit.tls.generated.renew": "once more"})
    wait_until(lambda: remint.audit_certificate() != certificate, 300, "the new certificate to be served", 2, (OSError,))
    assert remint.runs() == replicas


def test_workloads_whose_account_was_recreated_are_cured(node, remint, usage, logs, record_property):
    with Party(node, logs, "account") as party:
        party.add_well("fresh")
        party.add_well("fresh-probe", host_network=True)
        party.wait_listing()
        party.recreate_account()
        party.wait_rejected(180)
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
        wait_until(lambda: remint.leader() not in (leader, None), 120, "another replica to lead")
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


def test_workloads_are_cured_after_the_signing_key_changed(node, remint, logs, record_property):
    # A client that reads its token again gets the same dead one until the kubelet renews it: it is as broken as the others,
    # for up to 48 minutes of a usual token. Well are one that needs no token, and one that came later.
    with Party(node, logs, "key") as party:
        party.add_certificate_client("certificate")
        party.wait_listing()
        # Remint's lease ends with its token, and its process with the lease: what it has learnt of the host network is kept.
        on_host = [pod.metadata.uid for guest in party.broken if guest.workload.kind == "DaemonSet" for pod in guest.workload.pods()]
        wait_until(lambda: all(uid in remint.kept_callers() for uid in on_host), 120, "what is learnt of callers to be kept")
        begin = time.monotonic()
        node.restart_apiserver(new_signing_key=True)
        party.wait_rejected(180)
        party.wait_listing(guests=[party.add_well("later")])
        # Remint's own token is dead as well; it is renewed at 80 % of its life.
        wait_until(party.restarts, 900, "Remint to be back", 1, PATIENT)
        record_property("table", row(TIMES, "Remint itself, to its first act", {"signing key": f"{time.monotonic() - begin:.0f}"}))
        party.wait_cured(600)
        party.assert_well_left_alone()
        remint.wait_leading(300)
        print_times(party, "signing key", record_property)


def test_remint_stayed_inside_its_memory_limit_all_the_time(remint, usage, record_property):
    print_usage(usage, "all the run", record_property)
    for pod in remint.pods():
        (container,) = pod.spec.containers
        assert container.resources.limits["memory"] == "256Mi"
        for status in pod.status.container_statuses:
            ended = status.last_state.terminated
            assert ended is None or ended.reason != "OOMKilled", f"{pod.metadata.name} was killed for its memory"
    assert usage.peak() < 256 << 20
