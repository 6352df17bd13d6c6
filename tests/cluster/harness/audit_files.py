"""What an API server has written to its audit log and to what it rotated away: the truth that Remint's counts must meet."""

import json


class AuditFiles:
    """All files of one audit log, oldest first. `state`: the folder in which Remint keeps how far it has read."""

    def __init__(self, log, state):
        self.log = log
        self.state = state

    def files(self):
        """lumberjack's names sort by time; the one without a time is the newest."""
        return [*sorted(self.log.parent.glob(f"{self.log.stem}-*{self.log.suffix}")), self.log]

    def rejected(self):
        """Audit IDs of all rejected tokens so far; whole lines only."""
        found = []
        for file in self.files():
            for line in file.read_bytes().split(b"\n")[:-1]:
                event = json.loads(line)
                if event.get("responseStatus", {}).get("code") == 401 and not event["user"].get("username"):
                    found.append((event["auditID"], event["stage"]))
        assert len(found) == len(set(found))
        return found

    def remembered_all(self):
        """Whether the remembered position is behind the last rejection there is."""
        saved = list(self.state.glob("*.json"))
        if not saved:
            return False
        position = json.loads(saved[0].read_text())
        for file in reversed(self.files()):
            last = file.read_bytes().rfind(b'"code":401')
            if last >= 0:
                newer = [f.stat().st_ino for f in self.files()[self.files().index(file) + 1 :]]
                same = file.stat().st_ino == position["inode"]
                return position["inode"] in newer or (same and position["offset"] > last)
        return True
