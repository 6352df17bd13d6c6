"""A DaemonSet whose tokens work at first and then die, as in real life."""

import pytest

from harness.expect import cured_by_one_restart, untouched
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint


def test_a_daemon_set_is_cured_when_its_tokens_die(scene):
    agent = scene.space.daemon_set("agent")
    with WorkloadSimulator(agent, scene.cluster.minter.valid) as programs:
        programs.wait_answered(200, count=4)
        untouched(agent)
        programs.replace_tokens(scene.cluster.minter.expired)
        restart = cured_by_one_restart(agent)
        assert restart["spec"]["target"]["kind"] == "DaemonSet"
        assert programs.answers(first=False).get(401, 0) == 0
