"""The programs of one workload: a client in each of its pods, for as long as the pod lives.

A client reads its token once, when its pod starts. Pods that are there when the simulator starts get
`first` (say, a token that is expired); pods that come later get `later`: a fresh one, so that a
restart cures, or a bad one again, so that it does not.
"""

import logging
import threading

import kubernetes
from kubernetes.client.exceptions import ApiException

from .fake_client import FakeClient
from .wait import wait_until

_log = logging.getLogger("harness.simulator")


class WorkloadSimulator:
    """`first` and `later`: functions from a tokens.Holder to a token, e.g. `minter.expired`.

    `address_of`: from which address a pod's client calls; behind NAT it is not the pod's own.
    """

    def __init__(self, workload, first, later=None, user_agent=None, headers=None, interval=0.5, path=None,
                 address_of=lambda pod: pod.status.pod_ip, reads_ca_again=False):
        self.workload = workload
        self.cluster = workload.space.cluster
        self._first = first
        self._later = later or self.cluster.minter.valid
        self._address_of = address_of
        self._client_options = {
            "user_agent": user_agent or f"{workload.name}/1.0",
            "headers": headers,
            "interval": interval,
            "reads_ca_again": reads_ca_again,
            "path": path or f"/api/v1/namespaces/{workload.space.name}/configmaps?limit=500",
        }
        self.clients = {}  # pod UID -> FakeClient, of living pods
        self.history = {}  # pod UID -> FakeClient, of all pods that there ever were
        self.first_pods = set()  # UIDs of the pods that got `first`
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = None

    def start(self, timeout=60):
        """Waits for the workload's rollout, gives each pod its client, and keeps doing so."""
        self.workload.wait_ready(timeout)
        for pod in self.workload.pods():
            self.first_pods.add(pod.metadata.uid)
            self._add(pod)
        self._thread = threading.Thread(target=self._follow, name=f"sim-{self.workload.name}", daemon=True)
        self._thread.start()
        return self

    def stop(self):
        self._stop.set()
        with self._lock:
            clients, self.clients = self.clients, {}
        for fake in clients.values():
            fake.wind_down()  # all at once, then wait for each
        for fake in clients.values():
            fake.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def replace_tokens(self, token_for):
        """Every client of a pod that lives now goes on with another token (a function of its Holder).

        `minter.expired`: all tokens die at once. These pods count as first pods from then on.
        """
        for pod in self.workload.pods():
            token = token_for(self.workload.space.holder(pod))
            with self._lock:
                if fake := self.clients.get(pod.metadata.uid):
                    fake.token = token
                    self.first_pods.add(pod.metadata.uid)

    def pause(self):
        """The programs are idle, until `resume`."""
        with self._lock:
            for fake in self.clients.values():
                fake.pause()

    def resume(self):
        with self._lock:
            for fake in self.clients.values():
                fake.resume()

    def answers(self, first):
        """HTTP statuses so far, summed over the first pods (True) or over all later ones (False)."""
        with self._lock:
            chosen = [c for uid, c in self.history.items() if (uid in self.first_pods) == first]
        total = {}
        for fake in chosen:
            for status, count in list(fake.answers.items()):
                total[status] = total.get(status, 0) + count
        return total

    def wait_answered(self, status, count=3, first=True, timeout=60):
        """Waits until the pods have been answered `status` at least `count` times."""
        wait_until(
            lambda: self.answers(first).get(status, 0) >= count,
            timeout,
            f"{count} answers {status} to {self.workload} (have {self.answers(first)})",
        )

    def _add(self, pod):
        uid = pod.metadata.uid
        token_for = self._first if uid in self.first_pods else self._later
        fake = self._client_for(pod, token_for(self.workload.space.holder(pod)))
        with self._lock:
            if self._stop.is_set():
                return
            self.clients[uid] = self.history[uid] = fake
        fake.start()

    def _client_for(self, pod, token):
        address = self._address_of(pod)
        server, ca = self.cluster.apiserver.url, self.cluster.apiserver.root_ca
        return FakeClient(server, ca, address, token, **self._client_options)

    def _remove(self, uid):
        with self._lock:
            fake = self.clients.pop(uid, None)
        if fake:
            fake.stop()

    def _follow(self):
        """List, watch, and again from the list whenever the watch ends, for whatever reason."""
        while not self._stop.is_set():
            try:
                self._list_and_watch()
            except (ApiException, OSError, kubernetes.client.ApiTypeError) as error:
                _log.info("following %s again: %s", self.workload, error)
            except Exception as error:  # urllib3's own errors: the API server is being restarted
                if not type(error).__module__.startswith("urllib3"):
                    raise
            self._stop.wait(0.2)

    def _list_and_watch(self):
        core, namespace = self.workload.space.core, self.workload.space.name
        listed = core.list_namespaced_pod(namespace, label_selector=self.workload.selector)
        present = {pod.metadata.uid for pod in listed.items}
        for uid in set(self.clients) - present:
            self._remove(uid)
        for pod in listed.items:
            self._see(pod)
        watch = kubernetes.watch.Watch()
        for event in watch.stream(
            core.list_namespaced_pod,
            namespace,
            label_selector=self.workload.selector,
            resource_version=listed.metadata.resource_version,
            timeout_seconds=20,
        ):
            if self._stop.is_set():
                return
            if event["type"] == "DELETED":
                self._remove(event["object"].metadata.uid)
            else:
                self._see(event["object"])

    def _see(self, pod):
        if pod.status.phase == "Running" and pod.status.pod_ip and pod.metadata.uid not in self.history:
            self._add(pod)
