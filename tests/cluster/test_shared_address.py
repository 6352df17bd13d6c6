"""Several workloads behind one node's address: the dead one is named by what was learned, or nobody is.

Their tokens work for a while, so that it is known who calls how from there; then one dies.
"""

import pytest

from harness.behind import Behind
from harness.expect import cured_by_one_restart, stays_untouched, untouched, wait_decided
from harness.wait import wait_until

pytestmark = [pytest.mark.remint]


def kept_callers(scene):
    memory = scene.cluster.core().read_namespaced_config_map("remint-memory", scene.operator.lease_namespace)
    return (memory.data or {}).get("callers", "")


def test_the_one_that_died_is_named_by_learning(scene):
    with Behind(scene) as node:
        web, mail, shop = node.program("web"), node.program("mail"), node.program("shop")
        node.wait_heard()
        dead = node.kill(mail)
        restart = cured_by_one_restart(mail.workload, timeout=60)
        assert restart["spec"]["pods"] == dead
        untouched(web.workload)
        untouched(shop.workload)


def test_programs_of_the_host_network_are_told_apart(scene):
    with Behind(scene) as node:
        agent, proxy = node.program("agent", hostNetwork=True), node.program("proxy", hostNetwork=True)
        node.wait_heard()
        node.kill(proxy)
        cured_by_one_restart(proxy.workload, timeout=60)
        untouched(agent.workload)


def test_what_was_learnt_of_the_host_network_outlives_the_leader(scene):
    """A new signing key ends Remint's own token, too: the next leader did not know whose rejections came from the node."""
    with Behind(scene) as node:
        agent, proxy = node.program("agent", hostNetwork=True), node.program("proxy", hostNetwork=True)
        node.wait_heard()
        pods = [pod.metadata.uid for program in (agent, proxy) for pod in program.workload.live_pods()]
        wait_until(lambda: all(uid in kept_callers(scene) for uid in pods), 60, "the leader to keep what it has learnt")
        scene.operator.kill()
        node.kill(proxy)
        scene.operators(scene.cluster).wait_leading()
        cured_by_one_restart(proxy.workload, timeout=60)
        untouched(agent.workload)


def test_of_two_that_look_the_same_the_one_that_still_authenticates_is_not_it(scene):
    with Behind(scene) as node:
        left, right = node.program("left", "twin/1.0"), node.program("right", "twin/1.0")
        node.wait_heard()
        node.kill(right)
        cured_by_one_restart(right.workload, timeout=60)
        untouched(left.workload)


def test_nobody_is_restarted_when_two_that_look_the_same_fall_silent(scene):
    with Behind(scene) as node:
        left, right = node.program("left", "twin/1.0"), node.program("right", "twin/1.0")
        node.wait_heard()
        left.pause()
        node.kill(right)
        wait_decided(scene.operator, "Refuse")
        for program in (left, right):
            stays_untouched(program.workload, 4)

        # The other one is heard again: now there is no doubt.
        left.resume()
        cured_by_one_restart(right.workload, timeout=60)
        untouched(left.workload)
