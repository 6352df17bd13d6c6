"""The crash matrix: each write of each strategy, each moment at which a process can die there, each kind of successor."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .stage import Stage
from .wait import WaitError, wait_until
from .write_proxy import POINTS

FULL = bool(os.environ.get("REMINT_FULL_MATRIX"))
# The cells mostly wait; so many at once keep two cores busy.
AT_ONCE = int(os.environ.get("REMINT_MATRIX_AT_ONCE", "4"))
SAME, OTHER = "the same replica", "another replica"


@dataclass(frozen=True)
class Cell:
    write: int
    label: str  # what that write was in the run without a crash
    point: str
    successor: str

    def __str__(self):
        then = f", then {self.successor}" if self.successor else ""
        return f"write {self.write} ({self.label}) {self.point}{then}"


@dataclass
class Result:
    cell: object
    seconds: float
    reached: bool = True  # whether the run came to that write at all
    failure: str = ""


_learnt = {}


def learn(cluster, subject):
    """The labels of the writes of a restart that nothing disturbs; found out once for each strategy."""
    if (key := (id(cluster), subject.strategy)) not in _learnt:
        _learnt[key] = _learn(cluster, subject)
    return _learnt[key]


def _learn(cluster, subject):
    with Stage(cluster, subject) as stage:
        try:
            operator = stage.operator()
            stage.begin()
            stage.wait_end()
            stage.assert_restarted_once_and_whole()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{stage.story()}") from error
        return [write.label for write in operator.proxy.writes]


def cells_of(labels, full=FULL):
    """Every write at every point; with both successors, or with one of them in turn."""
    cells = []
    for number, label in enumerate(labels, 1):
        for index, point in enumerate(POINTS):
            successors = (SAME, OTHER) if full else ((SAME, OTHER)[(number + index) % 2],)
            cells += [Cell(number, label, point, successor) for successor in successors]
    return cells


def steps_of(labels, title, full=FULL):
    """Cells for something that happens at a step: at each one, or at the first, one in the middle and the last."""
    last = len(labels)
    numbers = range(1, last + 1) if full else sorted({1, (last + 1) // 2, last})
    return [Cell(number, labels[number - 1], title, "") for number in numbers]


def crash(stage, cell):
    """Kills the operator at the cell's write, lets the successor finish; whether the write was reached."""
    first = stage.operator()
    second = stage.operator(lead=False) if cell.successor == OTHER else None
    stage_of_writes = first.proxy.at(cell.write, cell.point, lambda: (first.kill(), first.proxy.cut()))
    stage.begin()
    wait_until(lambda: stage_of_writes.fired or _ended(stage), 60, f"write {cell.write}", interval=0.02)
    if stage_of_writes.fired and second is None:
        stage_of_writes.wait_fired(1)
        first.start()
    stage.wait_end()
    stage.assert_restarted_once_and_whole()
    return stage_of_writes.fired


def _ended(stage):
    return stage.restart.phase() in ("Succeeded", "Failed", "Cancelled")


def run(cluster, subject, cells, play, at_once=AT_ONCE):
    """Plays every cell on a stage of its own, several at once: `play(stage, cell)` answers whether it was reached."""

    def one(cell):
        started = time.monotonic()
        try:
            with Stage(cluster, subject) as stage:
                try:
                    reached = play(stage, cell)
                except (AssertionError, WaitError) as error:
                    return Result(cell, time.monotonic() - started, failure=f"{cell}: {error}\n{stage.story()}")
        except Exception as error:  # the stage itself: no reason to lose the other cells' results
            return Result(cell, time.monotonic() - started, failure=f"{cell}: {type(error).__name__}: {error}")
        return Result(cell, time.monotonic() - started, reached=reached is not False)

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, cells))


def tally(results):
    """{the cells' point: "9 of 9"}; a write that was not reached counts as not passed."""
    counts = {}
    for result in results:
        passed, total = counts.get(result.cell.point, (0, 0))
        counts[result.cell.point] = (passed + (result.reached and not result.failure), total + 1)
    return {point: f"{passed} of {total}" for point, (passed, total) in counts.items()}


def assert_all_passed(results):
    failures = [result.failure for result in results if result.failure]
    missed = [str(result.cell) for result in results if not result.reached]
    assert not failures, f"{len(failures)} of {len(results)} cells failed:\n\n" + "\n\n".join(failures)
    assert not missed, "not every run came to its write:\n" + "\n".join(missed)
