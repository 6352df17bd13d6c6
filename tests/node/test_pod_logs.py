"""What only a real kubelet can show of pods' logs: their API over crashes and rotations, a mirror pod, and Events that it writes.

Told while the short tokens of test_stories.py run out (conftest.py), after an upgrade that turned these sources on.
"""

import pytest
from harness.expect import cured_by_one_restart, restarted_exactly_once, untouched
from harness.resources import Policies, restarts_of, short_spec, wait_finished
from harness.tables import row
from harness.wait import WaitError, holds_for, wait_until
from harness.workloads import Space
from rig import client
from rig.party import LISTED
from rig.teller import StaticApiServerPod, Teller

# As client-go 0.32 prints it.
REFUSED = (
    'E1122 10:40:19.488808       1 reflector.go:166] "Unhandled Error" err="pkg/mod/k8s.io/client-go@v0.32.2/tools/cache/'
    'reflector.go:251: Failed to watch *v1.Namespace: failed to list *v1.Namespace: Unauthorized" logger="UnhandledError"'
)
CHATTER = "I1122 10:40:19.488808       1 main.go:1] all is well " + "." * 970
PROBE_SAYS = "the API server answers 401 Unauthorized"


@pytest.fixture(scope="module", autouse=True)
def apiserver_pod(node):
    pod = StaticApiServerPod(node)
    pod.start()
    yield
    pod.stop()


@pytest.fixture
def space(node):
    space = Space.fresh(node)
    yield space
    space.delete()


@pytest.fixture
def put(node, space):
    """Writes the policy that speaks for the space instead of the default one, and waits until Remint goes by it."""
    policies = Policies(node)

    def put(mode="Enforce", **signals):
        spec = short_spec([space.name], mode) | {"priority": 10}
        policies.put(space.name, spec | {"signals": spec["signals"] | signals})
        policies.wait_observed(space.name)

    yield put
    policies.delete()


class Lines:
    """What Remint has read of pods' logs since this was made. No policy but the test's own asks for any."""

    def __init__(self, remint):
        self._remint = remint
        self._before = self._read()

    def counts(self):
        """{result: how many lines}, without those of which there are none"""
        counts = {result: count - self._before.get(result, 0) for result, count in self._read().items()}
        return {result: count for result, count in counts.items() if count}

    def wait(self, timeout=60, **wanted):
        """Until there are just so many."""
        try:
            wait_until(lambda: self.counts() == wanted, timeout, f"lines read: {wanted}", 0.5, (OSError,))
        except WaitError as error:
            raise AssertionError(f"{error}; there are {self.counts()}") from error

    def _read(self):
        found = self._remint.metrics().find("remint_pod_log_lines_total")
        return {labels["result"]: int(value) for labels, value in found}


def opens(remint):
    """{why: how often} a log that was followed had to be opened anew"""
    return {labels["result"]: int(count) for labels, count in remint.metrics().find("remint_pod_log_opens_total")}


def test_lines_of_an_earlier_life_accuse_nobody_and_those_of_a_crash_loop_are_taken_once(node, sources, space, put):
    teller, lines = Teller(node, space, "loop"), Lines(sources)
    loop = teller.workload
    teller.say(*[REFUSED] * 5)
    teller.crash()
    put(podLog={"enabled": True, "sufficient": True})
    teller.say("all is well in the second life")
    lines.wait(other=2)  # with the first one of that life
    holds_for(lambda: not restarts_of(loop), 8, f"{loop} is not restarted for what its first life said")
    # Now it is not started anew at once, and meanwhile the kubelet serves the log of the life that has ended.
    teller.say(*[REFUSED] * 3, "exit")
    wait_finished(loop, 1, 180)
    restarted_exactly_once(loop)
    counts = lines.counts()
    assert counts.pop("other") <= 4, "also the first lines of a third life and of the new pod"
    assert counts == {"matched": 3}


def test_each_line_is_taken_once_over_rotations_of_the_log_and_a_restart_of_the_kubelet(
    node, sources, space, put, record_property
):
    put("Observe", podLog={"enabled": True})
    lines, opened = Lines(sources), opens(sources)
    teller = Teller(node, space, "talker")
    lines.wait(other=1)
    said = 1
    for rotation in (1, 2):
        while teller.rotations() < rotation:
            teller.say(*[CHATTER] * 64)
            said += 64
            lines.wait(other=said)
    teller.say(*[REFUSED] * 10)
    lines.wait(other=said, matched=10)
    node.kubelet.stop(grace=3)
    teller.say(*[REFUSED] * 10, CHATTER)
    node.kubelet.start()
    teller.say(*[REFUSED] * 10, CHATTER)
    lines.wait(120, other=said + 2, matched=30)
    teller.say(*[REFUSED] * 10)
    lines.wait(120, other=said + 2, matched=40)
    holds_for(lambda: lines.counts()["matched"] == 40, 5, "no line is taken again")
    sources.wait_leading()
    untouched(teller.workload)
    ends = {f"it had {why}": str(count - opened.get(why, 0)) for why, count in opens(sources).items()}
    record_property("table", row("how often a log was opened anew", f"{said + 42} lines", ends))


def test_behind_the_nodes_address_the_log_that_prints_the_audit_id_tells_who_of_two_it_was(node, sources, logs, space, put):
    """Both have a dead token, and neither is heard any more; but one of them hangs, and has asked for nothing."""
    account = {"metadata": {"name": "agent"}}
    space.core.create_namespaced_service_account(space.name, account)
    how = {"host_network": True, "agent": "agent", "errors": "python"}
    broken, hung = both = [
        space.deployment(name, replicas=1, account="agent", pod=client.pod(space.name, name, **how))
        for name in ("broken", "hung")
    ]

    def said(workload, text):
        return [line for line in logs.of(space.name, workload.name) if text in line.text]

    put()
    for workload in both:
        workload.wait_ready(120)
        wait_until(lambda w=workload: len(said(w, LISTED)) >= 10, 60, f"{workload} to be known by what it asks for")
    node.containerd.hang(*hung.live_pods())
    # Not made anew at once: what the API server has cached of the old tokens is believed for ten seconds more.
    space.core.delete_namespaced_service_account("agent", space.name)
    wait_until(lambda: said(broken, "ApiException: (401)"), 60, f"a 401 of {broken}")
    space.core.create_namespaced_service_account(space.name, account)

    def unsure():
        return [event["note"] for workload in both for event in space.events_about(workload) if "only 0." in event["note"]]

    wait_until(unsure, 90, "a word of how unsure it is", 0.5)
    holds_for(lambda: not any(map(restarts_of, both)), 10, "nobody is restarted", 0.5)
    put(podLog={"enabled": True})
    restart = cured_by_one_restart(broken, 180)
    untouched(hung)
    assert "its own log names the request" in str(restart["spec"]), restart
    # The reason, too, was read from a log: that of the API server's pod.
    assert any(each["source"] == "apiserver-log" for each in restart["spec"]["evidence"]), restart


def test_events_that_the_kubelet_writes_count_where_a_policy_says_so(node, sources, space, put):
    mapping = {"reason": "Unhealthy", "pattern": PROBE_SAYS}
    events = {"enabled": True, "sufficient": True, "mappings": [mapping]}
    put(kubernetesEvent=events, trustChange={"enabled": True, "secrets": True})
    broken, fine = (Teller(node, space, name, probed=True) for name in ("broken", "fine"))
    for kind in ("events", "secrets"):  # the rights are the chart's
        wait_until(lambda k=kind: sources.metrics().sum("remint_watch_synced", resource=k) == 1, 60, f"{kind} to be watched")
    fine.fail("the database is not there")
    broken.fail(PROBE_SAYS)
    wait_until(lambda: restarts_of(broken.workload), 60, f"a restart of {broken.workload}")
    broken.recover()
    (restart,) = wait_finished(broken.workload, 1, 180)
    restarted_exactly_once(broken.workload)
    assert any(each["source"] == "kubernetes-event" for each in restart["spec"]["evidence"]), restart
    untouched(fine.workload)
