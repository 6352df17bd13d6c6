"""Tables, names and aims."""

from collections import Counter
from statistics import median

from world.incident import CLASSES, COLD, FOOLING, GATEWAY, LOGS, NAT, PLANNED, POD

AIMS = {
    POD: (1.0, 1.0),
    NAT: (0.99, 0.95),
    GATEWAY: (0.99, 0.0),
    LOGS: (1.0, 1.0),
    COLD: (1.0, 0.0),
    FOOLING: (1.0, 0.0),
    PLANNED: (0.99, 0.95),
}
BINS = [0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0]
HEAD = (
    "class",
    "runs",
    "must",
    "named",
    "missed",
    "may",
    "spared",
    "aloud",
    "FALSE",
    "precision",
    "recall",
    "delay p50",
    "p95",
    "diagnosis",
    "pods",
)


def figures(verdicts):
    named, false = sum(len(v.named) for v in verdicts), sum(len(v.false) for v in verdicts)
    allowed, demanded = sum(len(v.allowed) for v in verdicts), sum(v.demanded for v in verdicts)
    late = sum(name.endswith("(too late)") for v in verdicts for name in v.missed)  # right, if not in time
    restarts = named + allowed + late + false
    return (named + allowed + late) / restarts if restarts else None, named / demanded if demanded else None


def table(verdicts):
    rows = [HEAD]
    for kind in [*CLASSES, "all"]:
        chosen = [verdict for verdict in verdicts if kind in ("all", verdict.kind)]
        if not chosen:
            continue
        precision, recall = figures(chosen)
        delays = sorted(delay for verdict in chosen for delay in verdict.delays)
        right = [right for verdict in chosen for right, _, _ in verdict.diagnosed]
        pods = [right for verdict in chosen for right in verdict.pods]
        rows.append(
            (
                kind,
                len(chosen),
                sum(v.demanded for v in chosen),
                sum(len(v.named) for v in chosen),
                sum(len(v.missed) for v in chosen),
                sum(len(v.allowed) for v in chosen),
                f"{sum(v.spared for v in chosen)}/{sum(v.sparing for v in chosen)}",
                sum(v.said for v in chosen),
                sum(len(v.false) for v in chosen),
                _share(precision),
                _share(recall),
                f"{median(delays):.0f} s" if delays else "-",
                f"{delays[int(0.95 * (len(delays) - 1))]:.0f} s" if delays else "-",
                f"{sum(right)}/{len(right)}",
                f"{sum(pods)}/{len(pods)}",
            )
        )
    return _aligned(rows)


def calibration(verdicts):
    stated = [pair for verdict in verdicts for pair in verdict.stated]
    rows = [("stated", "decisions", "mean stated", "true")]
    for low, high in zip(BINS, BINS[1:]):
        chosen = [(c, r) for c, r in stated if low <= c < high or (high == 1.0 and c == 1.0)]
        if chosen:
            rows.append(
                (
                    f"{low:.2f} to {high:.2f}",
                    len(chosen),
                    f"{sum(c for c, _ in chosen) / len(chosen):.3f}",
                    f"{sum(r for _, r in chosen) / len(chosen):.3f}",
                )
            )
    return _aligned(rows)


def names(verdicts):
    lines = []
    for title, what in (("False accusations", "false"), ("Missed", "missed")):
        found = [f"  {verdict.where()}: {entry}" for verdict in verdicts for entry in getattr(verdict, what)]
        lines += [f"{title}: {len(found) or 'none'}", *found]
    wrong = Counter(
        (verdict.incident, verdict.log, said, true)
        for verdict in verdicts
        for right, said, true in verdict.diagnosed
        if not right
    )
    lines.append(f"Wrong diagnoses: {sum(wrong.values()) or 'none'}")
    lines += [
        f"  {incident}{', with log' if log else ''}: {said}, not {true} ({count} times)"
        for (incident, log, said, true), count in wrong.items()
    ]
    return "\n".join(lines)


def missed_aims(verdicts):
    missed = []
    for kind, (aim_precision, aim_recall) in AIMS.items():
        chosen = [verdict for verdict in verdicts if verdict.kind == kind]
        precision, recall = figures(chosen)
        if precision is not None and precision < aim_precision:
            missed.append(f"{kind}: precision {precision:.3f}, aim {aim_precision}")
        if recall is not None and recall < aim_recall:
            missed.append(f"{kind}: recall {recall:.3f}, aim {aim_recall}")
    return missed


def _share(value):
    return "-" if value is None else f"{value:.3f}"


def _aligned(rows):
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            str(cell).ljust(width) if column == 0 else str(cell).rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        )
        for row in rows
    )
