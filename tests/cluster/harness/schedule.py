"""Windows relative to now, and what waits for one."""

from datetime import UTC, datetime, timedelta

from .resources import wait_phase


def now():
    return datetime.now(UTC)


def window(begin, end, **more):
    """Open between two moments, on each day of the week."""
    return {"start": f"{begin:%H:%M}", "end": f"{end:%H:%M}", "timeZone": "UTC"} | more


def later(hours=2):
    """One that opens in so many hours, for an hour."""
    return window(now() + timedelta(hours=hours), now() + timedelta(hours=hours + 1))


def open_now():
    return window(now() - timedelta(hours=1), now() + timedelta(hours=2))


def time_of(text):
    return datetime.fromisoformat(text)


def scheduled(web):
    """Its one restart, which waits; nothing was done to the workload."""
    restart = wait_phase(web, "Scheduled")
    assert web.revisions() == 1
    return restart
