"""kill -9 at the two worst moments: the journal brings the restart to its end, exactly once."""

import pytest

from harness.expect import cured_by_one_restart, stays_restarted_once
from harness.resources import FINAL_PHASES, phase, restarts_of, short_spec
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint

CREATORS = ["deployment", "stateful_set"]


@pytest.mark.parametrize("creator", CREATORS)
@pytest.mark.parametrize("point, patched", [("after-journal", False), ("after-patch", True)])
def test_killed_at_a_write_it_ends_in_exactly_one_restart(
    remint_cluster, space, policies, operators, creator, point, patched
):
    policies.put(space.name, short_spec([space.name]))
    doomed = operators(remint_cluster, env={"REMINT_FAULT_POINT": point})
    workload = getattr(space, creator)("web", replicas=2)
    with WorkloadSimulator(workload, remint_cluster.minter.expired):
        doomed.wait_killed_itself()
        # What the dead one left behind: the intent in the API server, and the step taken or not.
        (journal,) = restarts_of(workload)
        assert phase(journal) not in FINAL_PHASES
        assert len(workload.restarts()) == (1 if patched else 0)

        # Another replica, which knows nothing but what is written.
        operators(remint_cluster)
        restart = cured_by_one_restart(workload)
        assert restart["metadata"]["uid"] == journal["metadata"]["uid"], "the same restart, finished"
        stays_restarted_once(workload, 5)
