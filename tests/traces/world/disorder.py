"""What happens to audit events on their way: late, twice, out of order, lost."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Disorder:
    """Shares of all events; `late` is the longest delay of a shuffled one, in seconds."""

    shuffled: float = 0.0
    late: float = 0.0
    doubled: float = 0.0
    lost: float = 0.0


def disturb(events, disorder, chance):
    """Events in the order in which they arrive. `events`: (stage micros, event) in the order in which they were written."""
    arriving = []
    for count, (stage, event) in enumerate(events):
        if chance.random() < disorder.lost:
            continue
        delay = chance.uniform(0, disorder.late) if chance.random() < disorder.shuffled else 0
        arriving.append((stage + delay * 1e6, count, event))
        if chance.random() < disorder.doubled:
            arriving.append((stage + chance.uniform(0, max(disorder.late, 1)) * 1e6, count, event))
    return [event for _, _, event in sorted(arriving, key=lambda entry: entry[:2])]
