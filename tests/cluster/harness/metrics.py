"""The Prometheus text format, as much of it as tests need."""

import re

_LINE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+\d+)?$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


class Metrics:
    """One scrape. `samples` is a list of (name, labels, value)."""

    def __init__(self, text):
        self.samples = []
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            match = _LINE.match(line)
            if match is None:
                raise ValueError(f"not a metrics line: {line!r}")
            labels = {
                name: re.sub(r"\\[\\\"n]", lambda found: _ESCAPED[found[0]], value)
                for name, value in _LABEL.findall(match[2] or "")
            }
            self.samples.append((match[1], labels, float(match[3])))

    def find(self, name, **labels):
        """(labels, value) of each sample of that name with at least these labels."""
        return [
            (found, value)
            for sample, found, value in self.samples
            if sample == name and all(found.get(k) == v for k, v in labels.items())
        ]

    def sum(self, name, **labels):
        """The sum over all samples with these labels; 0 when there are none."""
        return sum(value for _, value in self.find(name, **labels))
