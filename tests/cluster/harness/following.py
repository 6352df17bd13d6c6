"""Following all objects of one kind in a namespace, from before the first change to after the last."""

import json
import threading
import time

import urllib3

from .wait import wait_until

_TIMEOUT = 30  # of one watch, in seconds


class Following:
    """A list, then watches from its version on. Each change is seen once, in order; none is missed.

    `path` is that of the list, such as /api/v1/namespaces/x/pods. Subclasses say what `see` does with an object.
    """

    def __init__(self, cluster, path):
        self._cluster = cluster
        self._path = path
        self._pool = cluster.api_client().rest_client.pool_manager
        self._stop = threading.Event()
        self._started = threading.Event()
        self._error = None
        self._version = None
        self.versions = {}  # UID -> resourceVersion, of those that exist
        self._thread = threading.Thread(target=self._run, name=f"follow {path}", daemon=True)

    def start(self):
        """Returns when the list has been seen."""
        self._thread.start()
        wait_until(lambda: self._started.is_set() or self._error, 30, f"the list {self._path}", interval=0.02)
        return self

    def stop(self):
        self._stop.set()

    def see(self, kind, item):
        """`kind`: LISTED, ADDED, MODIFIED or DELETED."""
        raise NotImplementedError

    def settle(self, timeout=20):
        """Waits until everything that has happened up to now has been seen."""

        def level():
            if self._error:
                raise AssertionError(f"following {self._path} failed: {self._error!r}")
            items = json.loads(self._get(self._path).data)["items"]
            return self.versions == {i["metadata"]["uid"]: i["metadata"]["resourceVersion"] for i in items}

        wait_until(level, timeout, f"all changes of {self._path}", interval=0.05)

    def _run(self):
        try:
            self._list()
            self._started.set()
            while not self._stop.is_set():
                try:
                    self._watch()
                except (OSError, urllib3.exceptions.HTTPError):
                    self._stop.wait(0.2)  # the API server is away; the version tells where to go on
        except Exception as error:  # told by the next question
            self._error = error

    def _list(self):
        listed = json.loads(self._get(self._path).data)
        for item in listed["items"]:
            self._take("LISTED", item)
        self._version = listed["metadata"]["resourceVersion"]

    def _watch(self):
        query = f"?watch=1&allowWatchBookmarks=true&resourceVersion={self._version}&timeoutSeconds={_TIMEOUT}"
        response = self._get(self._path + query, preload_content=False)
        try:
            for line in _lines(response):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise RuntimeError(f"a change may be missing: {event['object']}")
                if event["type"] != "BOOKMARK":
                    self._take(event["type"], event["object"])
                self._version = event["object"]["metadata"]["resourceVersion"]
                if self._stop.is_set():
                    return
        finally:
            response.close()

    def _take(self, kind, item):
        self.see(kind, item)
        uid, version = item["metadata"]["uid"], item["metadata"]["resourceVersion"]
        if kind == "DELETED":
            self.versions.pop(uid, None)
        else:
            self.versions[uid] = version

    def _get(self, path, **options):
        return self._pool.request("GET", self._cluster.apiserver.url + path, timeout=_TIMEOUT + 10, **options)


def _lines(response):
    rest = b""
    for piece in response.stream(amt=None, decode_content=False):
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines


class PodHistory(Following):
    """Every pod there ever was in a namespace: an evicted pod that came and went within a moment included."""

    def __init__(self, space):
        super().__init__(space.cluster, f"/api/v1/namespaces/{space.name}/pods")
        self.names = {}  # UID -> name, in the order in which they came
        self.listed = set()  # UIDs of those that were there at the beginning
        self.gone = []  # UIDs of those that were deleted, in that order
        self.most = 0  # how many there were at once, the terminating ones not counted
        self.times = {}  # UID -> [when it was first seen, when it was first seen to go], by the steady clock
        self._living = set()
        self.start()

    def see(self, kind, item):
        metadata, now = item["metadata"], time.monotonic()
        uid = metadata["uid"]
        self.names.setdefault(uid, metadata["name"])
        seen = self.times.setdefault(uid, [now])
        if kind == "LISTED":
            self.listed.add(uid)
        if kind == "DELETED":
            self.gone.append(uid)
        if kind == "DELETED" or "deletionTimestamp" in metadata:
            self._living.discard(uid)
            if len(seen) == 1:
                seen.append(now)
        else:
            self._living.add(uid)
        self.most = max(self.most, len(self._living))

    def so_far(self):
        """All UIDs up to this moment."""
        self.settle()
        return set(self.names)


class EndpointWatcher(Following):
    """How many ready endpoints a Service had, and the fewest since `begin`: what its clients would notice."""

    def __init__(self, space, service):
        super().__init__(
            space.cluster,
            f"/apis/discovery.k8s.io/v1/namespaces/{space.name}/endpointslices",
        )
        self._service = service
        self._ready = {}  # slice name -> ready addresses
        self._lock = threading.Lock()
        self.least = None
        self.start()

    def see(self, kind, item):
        if item["metadata"].get("labels", {}).get("kubernetes.io/service-name") != self._service:
            return
        ready = set()
        if kind != "DELETED":
            for endpoint in item.get("endpoints") or []:
                if endpoint.get("conditions", {}).get("ready"):
                    ready.update(endpoint["addresses"])
        with self._lock:
            self._ready[item["metadata"]["name"]] = ready
            if self.least is not None:
                self.least = min(self.least, self._count())

    @property
    def now(self):
        with self._lock:
            return self._count()

    def begin(self, count, timeout=30):
        """Waits until there are `count` ready endpoints, and counts the fewest from then on."""
        wait_until(lambda: self.now == count, timeout, f"{count} ready endpoints of {self._service}", interval=0.05)
        with self._lock:
            self.least = self._count()
        return self

    def fewest(self):
        """The least number of ready endpoints at any moment since `begin`."""
        self.settle()
        return self.least

    def _count(self):
        return len(set().union(*self._ready.values())) if self._ready else 0
