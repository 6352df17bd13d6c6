"""A namespace of a restart's own, with operators behind write proxies; and on it one subject to be restarted.

Many stands can be on one cluster at once: each operator sees its stand's namespace only, and has a
lease of its stand's own.
"""

import secrets
import threading

from kubernetes.client.exceptions import ApiException

from .following import EndpointWatcher, PodHistory
from .remint import Operator, drop_lease
from .resources import GROUP, RESTART, VERSION
from .subjects import controllers, look, orphans
from .wait import wait_until
from .workloads import Space
from .write_proxy import WriteProxy

# Short, as many a cell waits it out; but a busy machine must not lose it for want of a second.
LEASE_DURATION = 8
FAST = (
    "--lease-duration", f"{LEASE_DURATION}s",
    "--restart-poll", "200ms",
    "--restart-quiet", "1s",
)  # fmt: skip


class Stand:
    def __init__(self, cluster, **options):
        """`options` go to every operator."""
        self.cluster = cluster
        self.name = f"stand-{secrets.token_hex(4)}"
        self.space = Space(cluster, self.name)
        self.operators = []
        self._options = options
        self._watchers = []
        self._closing = threading.Event()
        self._keepers = []

    def watch(self, watcher):
        """A Following that ends with the stand."""
        self._watchers.append(watcher)
        return watcher

    def operator(self, lead=True, flags=(), **options):
        """Another replica, behind a proxy of its own (`operator.proxy`); `lead`: waits until it does."""
        proxy = WriteProxy(self.cluster, self.name)
        options = {"hears": False} | self._options | options
        operator = Operator(
            self.cluster,
            name=f"{self.name}-{len(self.operators) + 1}",
            server=proxy.url,
            lease_name=self.name,
            flags=(*FAST, *flags),
            **options,
        )
        operator.proxy = proxy
        self.operators.append(operator)
        operator.start(ready=lead)
        if lead:
            operator.wait_leading()
        return operator

    def keep_alive(self, operator):
        """What a kubelet does: a process that has ended (it does so when its lease is lost) is started again."""

        def follow():
            while not self._closing.wait(0.2):
                if not operator.process.running():
                    operator.start(ready=False)

        keeper = threading.Thread(target=follow, name=f"keeper-{operator.name}", daemon=True)
        self._keepers.append(keeper)
        keeper.start()

    def restarts(self):
        """All WorkloadRestarts in the namespace, oldest first."""
        items = self.cluster.custom().list_namespaced_custom_object(GROUP, VERSION, self.name, RESTART)["items"]
        return sorted(items, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]))

    def story(self):
        """For a failure's message: who wrote what, and how the restarts stand."""
        lines = [f"{o.name} ({o.process.returncode()}):\n{o.proxy.story()}" for o in self.operators]
        try:
            lines += [f"{item['metadata']['name']}: {item.get('status')}" for item in self.restarts()]
        except (ApiException, OSError) as error:
            lines.append(str(error))
        return "\n".join(lines)

    def close(self):
        self._closing.set()
        for keeper in self._keepers:
            keeper.join(30)
        for operator in self.operators:
            operator.kill()
            operator.proxy.close()
        for watcher in self._watchers:
            watcher.stop()
        self._let_go()
        self.space.delete()
        drop_lease(self.cluster, name=self.name)

    def _let_go(self):
        """Nobody is left who would take the finalizers off, and the namespace is to go."""
        for restart in self.restarts():
            if restart["metadata"].get("finalizers"):
                self.cluster.custom().patch_namespaced_custom_object(
                    GROUP, VERSION, self.name, RESTART, restart["metadata"]["name"], {"metadata": {"finalizers": None}}
                )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Stage(Stand):
    """A stand with one subject on it, and everything that is to be known of it before its restart."""

    def __init__(self, cluster, subject, **options):
        super().__init__(cluster, **options)
        self.subject = subject
        self.restart = None
        self.endpoints = None
        self.workload = subject.create(self.space)
        self.before = look(self.workload)
        self.uid_before = self.workload.uid
        self.uids_before = self.workload.pod_uids()
        self.controllers_before = controllers(self.space)
        self.orphans_before = orphans(self.space)
        self.pods = self.watch(PodHistory(self.space))
        if subject.keeps_endpoints:
            self.endpoints = self.watch(EndpointWatcher(self.space, self.workload.name)).begin(subject.size)

    def begin(self, **spec):
        self.restart = self.subject.order(self.workload, **spec)
        return self.restart

    def wait_end(self, timeout=60, phase="Succeeded"):
        """The restart's end, as far as Remint is concerned, and all pods there again; returns the object."""
        restart = self.restart.wait_finished(timeout)
        assert restart["status"]["phase"] == phase, restart["status"]
        wait_until(lambda: not self.restart.read()["metadata"].get("finalizers"), 20, "the finalizer to be taken off")
        self.workload.wait_ready(30)
        return restart

    def assert_whole(self):
        """The workload is what it was, of the same size, and nothing else is left over."""
        workload = self.workload
        assert look(workload) == self.before, f"{workload} is not what it was"
        self.assert_nothing_left_over()
        assert len(workload.pod_uids()) == self.subject.size

    def assert_nothing_left_over(self):
        assert controllers(self.space) == self.controllers_before, "the same controllers as before"
        assert orphans(self.space) == self.orphans_before, "no pod without a controller"

    def assert_restarted_once_and_whole(self):
        """Everything is as it was, but for the pods: each one that was to be restarted is new, and was so once."""
        self.assert_whole()
        subject, workload = self.subject, self.workload
        now, ever = workload.pod_uids(), self.pods.so_far()
        assert len(self.uids_before - now) == subject.restarted, "the pods that were to be restarted are new"
        assert len(ever) == subject.size + subject.restarted, f"{len(ever)} pods ever: restarted more than once"
        if not subject.owner_replaced:
            assert workload.uid == self.uid_before
        if self.endpoints:
            fewest = self.endpoints.fewest()
            assert fewest >= subject.fewest_endpoints, f"the Service had only {fewest} endpoints"
        assert len(self.restarts()) == 1
