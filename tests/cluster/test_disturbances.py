"""What goes wrong around a restart, at any of its steps: the API server, the lease, and people.

By default at the first write of each strategy, one in the middle and the last; REMINT_FULL_MATRIX=1: at every one.
"""

import signal
import threading

import pytest
from kubernetes.client.exceptions import ApiException

from harness import matrix, wait_until
from harness.remint import lease_holder
from harness.subjects import SUBJECTS, controllers
from harness.tables import row
from harness.write_proxy import BEFORE, HELD

pytestmark = [pytest.mark.remint, pytest.mark.slow, pytest.mark.parametrize("strategy", SUBJECTS)]

ROLLING_STEPS = ("CreateNext", "Move", "DeleteOld", "OrphanNext", "CreateFinal", "WaitReady", "Verify")
OUTAGE = 60 if matrix.FULL else 10  # s; either is longer than the lease


@pytest.fixture
def at_its_steps(remint_cluster, strategy, record_property):
    """Plays something at the steps of one strategy and puts it into the table."""

    def play_all(title, play, at_once=matrix.AT_ONCE):
        subject = SUBJECTS[strategy]
        cells = matrix.steps_of(matrix.learn(remint_cluster, subject), title)
        results = matrix.run(remint_cluster, subject, cells, play, at_once)
        record_property("table", row("disturbances: cells passed", strategy, matrix.tally(results)))
        matrix.assert_all_passed(results)

    return play_all


def test_an_api_server_that_is_away_for_a_while_only_delays_it(at_its_steps):
    def play(stage, cell):
        operator = stage.operator()
        stage.keep_alive(operator)
        operator.proxy.at(cell.write, BEFORE, operator.proxy.refuse_connections)
        stage.begin()
        operator.proxy.wait_fired(30)
        threading.Timer(OUTAGE, operator.proxy.listen).start()
        stage.wait_end(OUTAGE + 60)
        stage.assert_restarted_once_and_whole()

    at_its_steps("API server away", play)


@pytest.mark.parametrize("status, headers", [(409, {}), (429, {"Retry-After": "1"})])
def test_every_write_may_be_refused_at_first(remint_cluster, strategy, status, headers, record_property):
    cell = matrix.Cell(0, "all", f"{status} on every write", "")

    def play(stage, _):
        operator = stage.operator()
        operator.proxy.refuse_each_once(status, headers)
        stage.begin()
        stage.wait_end(120)
        stage.assert_restarted_once_and_whole()
        assert any(write.fate == "refused" for write in operator.proxy.writes)

    results = matrix.run(remint_cluster, SUBJECTS[strategy], [cell], play)
    record_property("table", row("disturbances: cells passed", strategy, matrix.tally(results)))
    matrix.assert_all_passed(results)


def test_a_leader_that_was_asleep_while_another_took_over_writes_nothing(at_its_steps):
    def play(stage, cell):
        old = stage.operator()
        new = stage.operator(lead=False)
        old.proxy.at(cell.write, HELD, old.pause)
        stage.begin()
        old.proxy.wait_fired(30)
        wait_until(lambda: _holder(stage) == new.name, 30, "the other replica to take over")
        stage.wait_end()
        written = len(old.proxy.writes)
        old.resume()
        assert old.process.wait_exit(30) != -signal.SIGKILL
        assert len(old.proxy.writes) == written, "it wrote after it had lost the lease"
        stage.assert_restarted_once_and_whole()

    at_its_steps("leader asleep", play)


def test_a_workload_that_a_person_deletes_is_not_brought_back(at_its_steps):
    def play(stage, cell):
        _meanwhile(stage, cell, lambda: _delete(stage.workload))
        stage.restart.wait_finished(60)
        if stage.subject.strategy == "Recreate":
            # Nobody can tell whose deletion it was once its own is on the way; there is one pod or none, never two.
            assert len(stage.workload.live_pods()) <= 1
            return
        steps = [write.label.rpartition("/")[2] for write in stage.operators[0].proxy.writes[: cell.write]]
        if [step for step in steps if step in ROLLING_STEPS][-1:] == ["DeleteOld"]:
            # Likewise: its own deletion of the old controller was announced, and a person's looks the same.
            stage.assert_whole()
            return
        wait_until(lambda: not stage.workload.pods(), 30, "its pods to go")
        left = {c for c in stage.controllers_before if c.lower().endswith(f"/{stage.workload.name}")}
        assert controllers(stage.space) == stage.controllers_before - left, "no second controller"

    at_its_steps("deleted", play)


def test_a_workload_made_anew_under_the_name_is_left_alone(at_its_steps):
    made = {}

    def play(stage, cell):
        def replace():
            _delete(stage.workload)
            stage.space.wait_gone(stage.workload)
            made[stage.name] = _make_again(stage)

        _meanwhile(stage, cell, replace)
        stage.restart.wait_finished(60)
        assert stage.workload.uid == made[stage.name], "theirs stays"
        stage.workload.wait_ready()
        stage.assert_nothing_left_over()
        assert len(stage.workload.pod_uids()) == stage.subject.size

    at_its_steps("made anew", play)


def test_what_a_person_edits_meanwhile_is_kept(at_its_steps):
    def play(stage, cell):
        edited = []

        def edit():
            try:
                stage.workload.patch({"metadata": {"annotations": {"example.com/edited": "by a person"}}})
                edited.append(True)
            except ApiException as error:  # in the moment in which there is none of that name
                assert error.status == 404

        _meanwhile(stage, cell, edit)
        stage.restart.wait_finished(60)
        stage.workload.wait_ready()
        if edited:
            assert stage.workload.read().metadata.annotations.get("example.com/edited") == "by a person"
        stage.assert_nothing_left_over()
        assert len(stage.workload.pod_uids()) == stage.subject.size

    at_its_steps("edited", play)


def test_the_size_that_a_person_gives_it_meanwhile_is_kept(at_its_steps, strategy):
    if strategy == "Recreate":
        pytest.skip("a pod has no size")
    wanted = SUBJECTS[strategy].size + 2

    def play(stage, cell):
        scaled = []

        def scale():
            try:
                stage.workload.scale(wanted)
                scaled.append(True)
            except ApiException as error:
                assert error.status == 404

        _meanwhile(stage, cell, scale)
        restart = stage.restart.wait_finished(60)
        stage.workload.wait_ready()
        size = wanted if scaled else stage.subject.size
        assert stage.workload.read().spec.replicas == size, restart["status"]
        assert len(stage.workload.pod_uids()) == size
        stage.assert_nothing_left_over()

    at_its_steps("scaled", play)


def test_who_deletes_the_restart_gets_the_workload_back_first(at_its_steps):
    def play(stage, cell):
        _meanwhile(stage, cell, lambda: stage.restart.delete())
        stage.restart.wait_gone(60)
        stage.workload.wait_ready()
        stage.assert_whole()

    at_its_steps("restart deleted", play)


def test_a_namespace_that_is_deleted_meanwhile_goes(at_its_steps):
    def play(stage, cell):
        _meanwhile(stage, cell, stage.space.delete)
        wait_until(lambda: _gone(stage), 60, "the namespace to be gone")

    at_its_steps("namespace deleted", play)


def _meanwhile(stage, cell, action):
    """Has `action` happen while the cell's write is on its way.

    The first write can be there before the answer to our own creation of the restart is: the action waits for that.
    """
    operator = stage.operator()
    begun = threading.Event()

    def act():
        assert begun.wait(30), "the restart was not created"
        action()

    operator.proxy.at(cell.write, HELD, act)
    stage.begin()
    begun.set()
    operator.proxy.wait_fired(60)


def _holder(stage):
    return lease_holder(stage.cluster, "remint-system", stage.name)


def _delete(workload):
    try:
        workload.delete(propagation_policy="Background")
    except ApiException as error:
        if error.status != 404:
            raise


def _make_again(stage):
    """The same workload once more, by the person who deleted it; its UID."""
    stage.space.core.delete_namespaced_service_account(stage.workload.name, stage.space.name)
    stage.space.core.delete_namespaced_service(stage.workload.name, stage.space.name)
    return stage.subject.create(stage.space, wait=False).uid


def _gone(stage):
    try:
        stage.space.core.read_namespace(stage.space.name)
    except ApiException as error:
        return error.status == 404
    return False
