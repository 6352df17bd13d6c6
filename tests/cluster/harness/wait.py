"""Waiting for a condition with a deadline: the only way in which the harness and its tests wait."""

import time


class WaitError(AssertionError):
    """The condition did not come true in time. The message says which, and what was seen last."""


def wait_until(check, timeout, what, interval=0.1, swallow=()):
    """Calls `check` until it answers something true, and returns that answer.

    `swallow`: exception types that count as "not yet" (an API server that is restarting refuses
    connections); the last one is shown when the time is up. An AssertionError is never swallowed.
    """
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = check()
            if last:
                return last
        except swallow as error:
            last = error
        if time.monotonic() >= deadline:
            raise WaitError(f"waited {timeout:g} s for {what}; last seen: {last!r}")
        time.sleep(interval)


def holds_for(check, seconds, what, interval=0.2):
    """Fails as soon as `check` answers something false within `seconds`: proves that nothing happens."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not check():
            raise WaitError(f"expected for {seconds:g} s: {what}")
        time.sleep(interval)
