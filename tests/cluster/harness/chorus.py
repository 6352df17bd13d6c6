"""The programs of hundreds of pods in a few threads: those of the first pods have dead tokens, all later ones good ones."""

import http.client
import threading
from collections import Counter, deque

from .fake_client import FakeClient
from .following import Following
from .tokens import Holder

_THREADS = 8


class Chorus(Following):
    """Follows the pods of one namespace whose workloads share one ServiceAccount; each asks once in a round.

    The pods of the workloads `never_cured` get dead tokens when they are new, too.
    """

    def __init__(self, space, account, interval=3, never_cured=()):
        super().__init__(space.cluster, f"/api/v1/namespaces/{space.name}/pods")
        self._space = space
        self._account = account
        self._uid = space.core.read_namespaced_service_account(account, space.name).metadata.uid
        self._nodes = {node.metadata.name: node.metadata.uid for node in space.core.list_node().items}
        self._interval = interval
        self._never_cured = frozenset(never_cured)
        self._singing = False
        self._clients = {}  # pod UID -> FakeClient
        self._lock = threading.Lock()
        self.broken = set()  # UIDs of the first pods
        self.answers = Counter()  # (first pod?, status)
        self.start()

    def sing(self):
        """From now on every pod asks the API server for something."""
        self._singing = True
        self.broken = set(self._clients)
        for uid in self.broken:
            self._clients[uid].token = self._cluster.minter.expired(self._clients[uid].holder)
        threading.Thread(target=self._conduct, name="chorus", daemon=True).start()
        return self

    def see(self, kind, item):
        uid, status = item["metadata"]["uid"], item["status"]
        if kind == "DELETED" or "deletionTimestamp" in item["metadata"]:
            with self._lock:
                gone = self._clients.pop(uid, None)
            if gone:
                gone.gone = True
        elif status.get("podIP") and uid not in self._clients:
            holder = Holder(
                self._space.name, self._account, self._uid,
                item["metadata"]["name"], uid, item["spec"]["nodeName"], self._nodes[item["spec"]["nodeName"]],
            )  # fmt: skip
            dead = self._singing and item["metadata"]["labels"].get("app") in self._never_cured
            client = FakeClient(
                self._cluster.apiserver.url, self._cluster.apiserver.root_ca, status["podIP"],
                (self._cluster.minter.expired if dead else self._cluster.minter.valid)(holder), user_agent="chorus/1.0",
                path=f"/api/v1/namespaces/{self._space.name}/configmaps?limit=1",
            )  # fmt: skip
            client.holder, client.gone = holder, False
            with self._lock:
                self._clients[uid] = client

    def _conduct(self):
        while not self._stop.is_set():
            with self._lock:
                waiting = deque(self._clients.items())
            singers = [threading.Thread(target=self._ask_all, args=(waiting,)) for _ in range(_THREADS)]
            for singer in singers:
                singer.start()
            for singer in singers:
                singer.join()
            self._stop.wait(self._interval)

    def _ask_all(self, waiting):
        while waiting and not self._stop.is_set():
            try:
                uid, client = waiting.popleft()
            except IndexError:
                return
            if client.gone:
                client.disconnect()
                continue
            try:
                self.answers[uid in self.broken, client.request().status] += 1
            except (OSError, http.client.HTTPException):
                self.answers[uid in self.broken, "error"] += 1
