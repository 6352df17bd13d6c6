"""What an API server has written to its audit log and to what it rotated away: the truth that Remint's counts must meet."""

import gzip
import hashlib
import json

TELLING_HEAD = 64  # so much of a beginning names a file that was compressed, and so is another one now


class AuditFiles:
    """All files of one audit log. `state`: the folder in which Remint keeps how far it has read."""

    def __init__(self, log, state):
        self.log = log
        self.state = state

    def files(self):
        """Oldest first: lumberjack's names sort by time; the one without a time is the newest. What is being compressed is there
        twice, and counts once."""
        plain = {str(file): file for file in self.log.parent.glob(f"{self.log.stem}-*{self.log.suffix}")}
        packed = {str(file).removesuffix(".gz"): file for file in self.log.parent.glob(f"{self.log.stem}-*{self.log.suffix}.gz")}
        return [file for _, file in sorted((packed | plain).items())] + [self.log]

    def rejected(self):
        """Of all rejected tokens so far: audit ID, stage. Whole lines only."""
        return [event for *_, content in self._contents() for event in _rejected(content)]

    def rejected_in_the_newest(self):
        return len(_rejected(self.log.read_bytes()))

    def remembered(self):
        """What the state says: which file, how far."""
        (state,) = self.state.glob("*.json")
        return json.loads(state.read_text())

    def rejected_behind(self, remembered):
        """How many rejections are behind that position."""
        files = self._contents()
        (at,) = [i for i, file in enumerate(files) if _is_remembered(*file, remembered)]
        rest = files[at][-1][remembered["offset"] :]
        return len(_rejected(rest)) + sum(len(_rejected(content)) for *_, content in files[at + 1 :])

    def remembered_all(self):
        return self.rejected_behind(self.remembered()) == 0

    def _contents(self):
        while True:
            try:
                return [(file, file.stat().st_ino, _content(file)) for file in self.files()]
            except FileNotFoundError:
                pass  # compressed in this moment


def _content(file):
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def _is_remembered(file, inode, content, remembered):
    size = remembered["headBytes"]
    known = file.suffix == ".gz" and size >= TELLING_HEAD or inode == remembered["inode"]
    return known and hashlib.sha256(content[:size]).hexdigest() == remembered["headSha256"]


def _rejected(content):
    found = []
    for line in content.split(b"\n")[:-1]:
        event = json.loads(line)
        if event.get("responseStatus", {}).get("code") == 401 and not event["user"].get("username"):
            found.append((event["auditID"], event["stage"]))
    return found
