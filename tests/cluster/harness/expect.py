"""What the stories expect of Remint, in the words in which it explains itself.

The names of metrics and the wording of reasons are Remint's; they stand here and nowhere else in the
stories, so that a changed word is changed once.
"""

import re

from .resources import outcome, phase, restarts_of, wait_finished
from .wait import holds_for, wait_until

# How the Event on a workload says why nothing was done (its note, regardless of case).
OBSERVE_ONLY = r"observe"
IGNORED = r"remint\.dev/ignore"
PAUSED_UNTIL = r"remint\.dev/paused-until"
COOLDOWN = r"cooldown"
PAUSED_DEPLOYMENT = r"paused"
UNCORROBORATED = r"sufficient"  # names the field that would make a clue enough
STUCK_ROLLOUT = r"stuck|progress|roll-?out"

DECISIONS = "remint_decisions_total"  # labelled with decision="Restart|Wait|Ask|Observe|Refuse"
WATCH_RESTARTS = "remint_watch_restarts_total"  # labelled with reason="expired" for a 410
REJECTIONS_IGNORED = "remint_rejections_ignored_total"
REJECTIONS_UNATTRIBUTED = "remint_rejections_unattributed_total"
REJECTIONS_EXTERNAL = "remint_rejections_external_total"


def cured_by_one_restart(workload, timeout=90):
    """Waits for the one restart, its rollout and its verification; returns the WorkloadRestart."""
    return _ended_with(workload, "Cured", "Succeeded", timeout)


def not_cured_by_one_restart(workload, timeout=90):
    return _ended_with(workload, "NotCured", "Failed", timeout)


def cured_by(workload, strategy, timeout=90, uid=None):
    """The same for any strategy: the one restart of the workload, carried out by `strategy`.

    `uid`: what the workload had at the beginning, for strategies that make it anew.
    """
    (restart,) = wait_finished(workload, 1, timeout, uid)
    assert (restart["spec"]["strategy"], phase(restart), outcome(restart)) == (strategy, "Succeeded", "Cured"), restart
    return restart


def _ended_with(workload, wanted_outcome, wanted_phase, timeout):
    (restart,) = wait_finished(workload, 1, timeout)
    assert outcome(restart) == wanted_outcome, restart.get("status")
    assert phase(restart) == wanted_phase, restart.get("status")
    restarted_exactly_once(workload)
    return restart


def restarted_exactly_once(workload):
    """By the workload's own history, and by Remint's journal."""
    assert len(workload.restarts()) == 1, f"{workload}: {workload.restarts()}"
    assert workload.revisions() == 2
    assert len(restarts_of(workload)) == 1


def stays_restarted_once(workload, seconds):
    holds_for(
        lambda: len(restarts_of(workload)) == 1 and workload.revisions() == 2,
        seconds,
        f"{workload} is not restarted a second time",
        interval=0.5,
    )


def untouched(workload):
    """Neither restarted nor meant to be."""
    assert workload.restarts() == [], f"{workload} was restarted"
    assert workload.revisions() == 1, f"{workload}'s template was changed"
    assert restarts_of(workload) == [], f"a WorkloadRestart of {workload} was made"


def stays_untouched(workload, seconds):
    holds_for(
        lambda: workload.revisions() == 1 and not restarts_of(workload),
        seconds,
        f"{workload} is not restarted",
        interval=0.5,
    )


def wait_explained(workload, pattern, timeout=40):
    """Waits for an Event on the workload whose note matches; returns it."""

    def explained():
        events = workload.space.events_about(workload)
        return next((e for e in events if re.search(pattern, e.get("note", ""), re.IGNORECASE)), None)

    try:
        return wait_until(explained, timeout, f"an Event on {workload} like /{pattern}/")
    except AssertionError as error:
        events = [(e["reason"], e.get("note")) for e in workload.space.events_about(workload)]
        raise AssertionError(f"{error}; its Events: {events}") from error


def wait_decided(operator, decision, at_least=1, timeout=40):
    """Waits until so many decisions of this kind were counted, whatever check took them."""
    wait_until(
        lambda: operator.metrics().sum(DECISIONS, decision=decision) >= at_least,
        timeout,
        f"{at_least} decision(s) {decision} in {operator.name}'s metrics",
    )
