"""Two replicas, one leader: whatever happens to the leader, no workload is restarted twice."""

import pytest

from harness import holds_for, wait_until
from harness.expect import cured_by_one_restart, restarted_exactly_once, stays_restarted_once, untouched
from harness.remint import lease_holder
from harness.resources import outcome, phase, restarts_of, short_spec, wait_begun, wait_finished
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint


@pytest.fixture
def pair(remint_cluster, space, policies, operators):
    """Two replicas; the first one leads and gets the audit events."""
    policies.put(space.name, short_spec([space.name]))
    first = operators(remint_cluster)
    first.wait_leading()
    second = operators(remint_cluster, start=False)
    second.start(ready=False)
    remint_cluster.audit_switch.prefer(first.name)
    return first, second


def test_one_leads_and_one_stands_by(pair, remint_cluster, space):
    first, second = pair
    web = space.deployment("web", replicas=1)
    with WorkloadSimulator(web, remint_cluster.minter.expired):
        cured_by_one_restart(web)
    assert first.holder() == first.name
    assert second.process.running()


def test_what_the_standby_hears_it_does_not_act_on(pair, remint_cluster, space):
    first, second = pair
    remint_cluster.audit_switch.prefer(second.name, fallback=False)
    web = space.deployment("web", replicas=1)
    with WorkloadSimulator(web, remint_cluster.minter.expired) as programs:
        programs.wait_answered(401, count=10)
        holds_for(lambda: not restarts_of(web), 6, f"{web} is left alone by the standby")
        untouched(web)
        # The leader is told at last, and acts.
        remint_cluster.audit_switch.prefer(first.name)
        cured_by_one_restart(web)


def test_a_leader_that_hangs_is_replaced_without_a_second_restart(pair, remint_cluster, space):
    first, second = pair
    web = space.deployment("web", replicas=2)
    with WorkloadSimulator(web, remint_cluster.minter.expired) as programs:
        # In the middle of its restart, wherever that is.
        wait_begun(web)
        first.pause()
        wait_until(lambda: lease_holder(remint_cluster, first.lease_namespace) == second.name, 60, "a hand-over")
        remint_cluster.audit_switch.prefer(second.name)
        (restart,) = wait_finished(web)
        assert (phase(restart), outcome(restart)) == ("Succeeded", "Cured"), restart["status"]
        restarted_exactly_once(web)

        # Woken up, the old leader finds its lease lost and ends, without another write.
        first.resume()
        first.process.wait_exit(30)
        stays_restarted_once(web, 5)
        assert second.holder() == second.name

        # The new one leads in earnest.
        other = space.deployment("other", replicas=1)
        with WorkloadSimulator(other, remint_cluster.minter.expired):
            cured_by_one_restart(other)
        assert programs.answers(first=False).get(401, 0) == 0


def test_a_leader_that_is_told_to_stop_hands_over_at_once(pair, remint_cluster, space):
    first, second = pair
    assert first.stop() == 0
    # Far sooner than the lease would have run out.
    wait_until(lambda: second.holder() == second.name, 12, "the second replica to lead")
    web = space.deployment("web", replicas=1)
    with WorkloadSimulator(web, remint_cluster.minter.expired):
        cured_by_one_restart(web)
