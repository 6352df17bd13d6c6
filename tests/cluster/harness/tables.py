"""Tables of figures at the end of a test run, collected from tests in whichever worker they ran.

A test says `record_property("table", row(TITLE, NAME, {COLUMN: TEXT}))`.
"""

import json


def row(title, name, columns):
    return json.dumps([title, name, columns])


def write(terminalreporter):
    tables = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") != "call":
                continue
            for key, value in report.user_properties:
                if key == "table":
                    title, name, columns = json.loads(value)
                    tables.setdefault(title, {}).setdefault(name, {}).update(columns)
    for title, rows in sorted(tables.items()):
        terminalreporter.write_sep("-", title)
        for line in _lines(rows):
            terminalreporter.write_line(line)


def _lines(rows):
    heads = list(dict.fromkeys(head for columns in rows.values() for head in columns))
    grid = [["", *heads], *([name, *(str(columns.get(h, "-")) for h in heads)] for name, columns in rows.items())]
    widths = [max(len(line[i]) for line in grid) for i in range(len(grid[0]))]
    for line in grid:
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
