"""kill -9 at every write of every strategy: whoever comes next finishes it, and nothing is restarted twice.

By default each cell (write, moment) has one kind of successor, in turn; REMINT_FULL_MATRIX=1 gives it both.
"""

import time

import pytest

from harness import matrix
from harness.subjects import SUBJECTS
from harness.tables import row

pytestmark = pytest.mark.remint


@pytest.mark.parametrize("strategy", SUBJECTS)
def test_killed_at_any_write_a_restart_is_finished_and_done_once(remint_cluster, strategy, record_property):
    subject, started = SUBJECTS[strategy], time.monotonic()
    labels = matrix.learn(remint_cluster, subject)
    results = matrix.run(remint_cluster, subject, matrix.cells_of(labels), matrix.crash)
    columns = {"writes": len(labels)} | matrix.tally(results) | {"seconds": round(time.monotonic() - started)}
    record_property("table", row("the crash matrix: cells passed, by the moment of the kill -9", strategy, columns))
    matrix.assert_all_passed(results)
