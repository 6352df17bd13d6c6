"""Running programs: each call of a client is a loop of its own, all loops of a container share one token in memory."""

from .apiserver import Caller
from .clients import Elect, Poll, Watch
from .shapes import lease


class Process:
    """A container's program. It ends with its pod; a crash is followed by the kubelet's back-off and a new start."""

    def __init__(self, cluster, pod, client, container, token=None, calls=None):
        self.cluster, self.pod, self.client, self.container = cluster, pod, client, container
        self.api, self.chance = cluster.api, cluster.chance
        self.given = token  # a token from elsewhere: a Secret, a file on a volume; read at the start
        self.calls = client.calls if calls is None else calls
        self.life = 0  # grows with every start: what an old life planned does not happen
        self.crashes = 0
        self.refused = 0  # rejections in a row
        self.open = {}  # watches: loop -> event

    def start(self, early=False):
        """`early`: it has been running since long before the recording."""
        self.life += 1
        self.refused = 0
        self.token, self.read_at = self._first_token(early)
        for index, call in enumerate(self.calls):
            self.cluster.after(self._first_wait(call, early), self._loop(call, index, early))

    def stop(self):
        self.life += 1
        for event in self.open.values():
            self.api.close(event)
        self.open.clear()

    def cut(self):
        """The API server restarts: open watches end now and are tried again at once."""
        for index in list(self.open):
            self.api.close(self.open.pop(index))
            self.cluster.after(
                self.chance.uniform(0.5, 3), self._guarded(lambda i=index: self._watch(self.calls[i], i, 0))
            )

    def ask(self, shape, agent):
        rereads, now = self.client.rereads, self.cluster.now
        if rereads.seconds is not None and now - self.read_at >= rereads.seconds:
            self._read()
        accepted = self._request(shape, agent)
        if rereads.failures is not None and self.refused >= rereads.failures:
            self._read()
            self.cluster.now += self.chance.uniform(0.004, 0.03)  # the same call, tried again
            accepted = self._request(shape, agent)
        if rereads.crashes is not None and self.refused >= rereads.crashes:
            self._crash()
        return accepted

    def _request(self, shape, agent):
        caller = Caller(self.cluster.network.of_pod(self.pod), agent)
        accepted = self.api.ask(shape.within(self.pod.namespace), caller, self.token, self.pod)
        self.refused = 0 if accepted else self.refused + 1
        if not accepted and self.client.prints is not None:
            self.cluster.logs.refused(self.pod, self.container, self.client.prints, self.api.rejections[-1].audit_id)
        return accepted

    def _read(self):
        self.read_at, self.refused = self.cluster.now, 0
        if self.given is None:
            self.token = self.pod.file.read(self.cluster.now)

    def _first_token(self, early):
        if self.given is not None:
            return self.given(), self.cluster.now
        file, rereads, now = self.pod.file, self.client.rereads, self.cluster.now
        if not early:
            return file.read(now), now
        if rereads.seconds is not None:
            read_at = max(self.pod.started, now - self.chance.uniform(0, rereads.seconds))
            return file.read(read_at), read_at
        if rereads.failures is not None or rereads.crashes is not None:
            return (file.first() if self.cluster.extended else file.read(now)), now
        return file.first(), self.pod.started

    def _first_wait(self, call, early):
        if not early:
            return self.chance.uniform(0.5, 3)
        return self.chance.uniform(0, call.seconds if not isinstance(call, Watch) else 600)

    def _loop(self, call, index, early):
        if isinstance(call, Poll):
            return self._guarded(lambda: self._poll(call))
        if isinstance(call, Elect):
            return self._guarded(lambda: self._elect(call))
        return self._guarded(lambda: self._watch(call, index, 0) if early else self._list(call, index, 0))

    def _guarded(self, step):
        life = self.life
        return lambda: step() if life == self.life else None

    def _again(self, wait, step):
        self.cluster.after(wait, self._guarded(step))

    def _poll(self, call):
        life = self.life
        self.ask(call.shape, self.client.agent)
        if life == self.life:
            self._again(self.chance.about(call.seconds), lambda: self._poll(call))

    def _elect(self, call):
        life = self.life
        accepted = self.ask(lease("update", call.name), self.client.elect_agent)
        if not accepted and life == self.life:
            self.ask(lease("get", call.name), self.client.elect_agent)
        if life == self.life:
            wait = self.chance.about(call.seconds) if accepted else self.chance.uniform(2, 4)
            self._again(wait, lambda: self._elect(call))

    def _list(self, call, index, tries):
        life = self.life
        if call.watch_list and tries:
            if self.ask(self._watching(call), self.client.agent):
                return self._opened(call, index)
            if life != self.life:
                return
        if self.ask(call.shape, self.client.agent):
            self._watch(call, index, 0)
        elif life == self.life:
            self._again(min(30, 0.8 * 2**tries) * self.chance.uniform(1, 2), lambda: self._list(call, index, tries + 1))

    def _watching(self, call):
        query = f"allowWatchBookmarks=true&resourceVersion={self.chance.randint(10**5, 10**6)}&timeoutSeconds=438&watch=true"
        return call.shape._replace(verb="watch", query=query)

    def _watch(self, call, index, tries):
        life = self.life
        if self.ask(self._watching(call), self.client.agent):
            self._opened(call, index)
        elif life == self.life:
            self._again(self.chance.uniform(0.8, 1.6), lambda: self._list(call, index, tries + 1))

    def _opened(self, call, index):
        event = self.open[index] = self.api.events[-1][1]
        self._again(self.chance.uniform(300, 600), lambda: self._watch_ends(call, index, event))

    def _watch_ends(self, call, index, event):
        if self.open.get(index) is event:
            self.api.close(self.open.pop(index))
            self._watch(call, index, 0)

    def _crash(self):
        self.stop()
        life, self.crashes = self.life, self.crashes + 1
        wait = min(300, 10 * 2 ** (self.crashes - 1)) + self.chance.uniform(1, 3)
        self.cluster.container_restarts(self.pod, self.container)
        self.cluster.after(wait, lambda: self.start() if life == self.life else None)
