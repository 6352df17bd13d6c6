"""What an API server has written to its audit log and to what it rotated away: the truth that Remint's counts must meet."""

import json


class AuditFiles:
    """All files of one audit log. `state`: the folder in which Remint keeps how far it has read."""

    def __init__(self, log, state):
        self.log = log
        self.state = state

    def files(self):
        """Oldest first: lumberjack's names sort by time; the one without a time is the newest."""
        return [*sorted(self.log.parent.glob(f"{self.log.stem}-*{self.log.suffix}")), self.log]

    def rejected(self):
        """Of all rejected tokens so far: audit ID, stage. Whole lines only."""
        return [event for file in self.files() for event in _rejected(file.read_bytes())]

    def remembered(self):
        """What the state says: inode and offset."""
        (state,) = self.state.glob("*.json")
        position = json.loads(state.read_text())
        return position["inode"], position["offset"]

    def rejected_behind(self, remembered):
        """How many rejections are behind that position."""
        inode, offset = remembered
        files = self.files()
        (at,) = [i for i, file in enumerate(files) if file.stat().st_ino == inode]
        rest = files[at].read_bytes()[offset:]
        return len(_rejected(rest)) + sum(len(_rejected(file.read_bytes())) for file in files[at + 1 :])

    def remembered_all(self):
        return self.rejected_behind(self.remembered()) == 0


def _rejected(content):
    found = []
    for line in content.split(b"\n")[:-1]:
        event = json.loads(line)
        if event.get("responseStatus", {}).get("code") == 401 and not event["user"].get("username"):
            found.append((event["auditID"], event["stage"]))
    return found
