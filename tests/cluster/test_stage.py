"""The checks that the crash matrix stands on, each shown to notice what it is there to notice."""

import pytest

from harness import matrix, wait_until
from harness.hand_made import order
from harness.stage import Stage
from harness.subjects import SUBJECTS

pytestmark = pytest.mark.remint


@pytest.fixture
def restarted(remint_cluster):
    """A Deployment after one restart that nothing disturbed."""
    with Stage(remint_cluster, SUBJECTS["RolloutRestart"]) as stage:
        stage.operator()
        stage.begin()
        stage.wait_end()
        stage.assert_restarted_once_and_whole()
        yield stage


def test_a_second_restart_is_noticed(restarted):
    order(restarted.workload, "RolloutRestart").wait_finished()
    restarted.workload.wait_ready()
    with pytest.raises(AssertionError, match="restarted more than once"):
        restarted.assert_restarted_once_and_whole()


def test_a_pod_that_was_evicted_beside_the_restart_is_noticed(restarted):
    (name, *_) = [pod.metadata.name for pod in restarted.workload.live_pods()]
    restarted.space.core.delete_namespaced_pod(name, restarted.name)
    wait_until(lambda: len(restarted.pods.so_far()) == 5, 20, "a fifth pod")
    restarted.workload.wait_ready()
    with pytest.raises(AssertionError, match="restarted more than once"):
        restarted.assert_restarted_once_and_whole()


@pytest.mark.parametrize("body", [
    {"spec": {"replicas": 3}},
    {"metadata": {"labels": {"left": "over"}}},
    {"spec": {"template": {"metadata": {"labels": {"left": "over"}}}}},
])  # fmt: skip
def test_a_workload_that_is_not_what_it_was_is_noticed(restarted, body):
    restarted.workload.patch(body)
    restarted.workload.wait_ready()
    with pytest.raises(AssertionError, match="is not what it was"):
        restarted.assert_whole()


def test_what_is_left_over_is_noticed(restarted):
    restarted.space.replica_set("extra", replicas=1).wait_ready()
    with pytest.raises(AssertionError, match="the same controllers"):
        restarted.assert_whole()


def test_an_orphan_is_noticed(restarted):
    restarted.space.bare_pod("orphan").wait_ready()
    with pytest.raises(AssertionError, match="without a controller"):
        restarted.assert_whole()


def test_a_cell_whose_write_never_comes_does_not_count_as_passed(remint_cluster):
    subject = SUBJECTS["RolloutRestart"]
    results = matrix.run(remint_cluster, subject, [matrix.Cell(99, "none", matrix.POINTS[0], matrix.SAME)], matrix.crash)
    assert matrix.tally(results) == {matrix.POINTS[0]: "0 of 1"}
    with pytest.raises(AssertionError, match="not every run came to its write"):
        matrix.assert_all_passed(results)
