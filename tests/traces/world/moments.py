"""Times: seconds since the epoch as float inside the simulation, microseconds as int where two records must agree."""

from datetime import datetime, timezone
from functools import lru_cache


def micros(seconds):
    return round(seconds * 1_000_000)


def stamp(us):
    """RFC 3339 with microseconds, as in audit events."""
    return f"{_date(us // 1_000_000)}.{us % 1_000_000:06d}Z"


def second(seconds):
    """RFC 3339 with whole seconds, as in objects."""
    return _date(int(seconds)) + "Z"


@lru_cache(maxsize=10_000)
def _date(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def klog(us):
    """klog's header time: no year, no zone."""
    return datetime.fromtimestamp(us // 1_000_000, timezone.utc).strftime("%m%d %H:%M:%S") + f".{us % 1_000_000:06d}"


def parse(text):
    whole, _, rest = text.rstrip("Z").partition(".")
    base = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
    return base + (float("0." + rest) if rest else 0.0)
