"""The cluster: time, and all that happens to nodes, workloads, pods and trust in it."""

import heapq

from . import manifests
from .apiserver import APIServer
from .chance import Chance
from .moments import micros, stamp
from .podlog import PodLogs
from .process import Process
from .tokens import TokenFile
from .trust import Trust
from .upheavals import Upheavals
from .workloads import Node, Part, Pod, Revision, Workload

EPOCH = 1_788_300_000  # early September 2026


class Cluster(Upheavals):
    def __init__(
        self, seed, name, network, minutes, nodes=20, servers=1, extended=False, names_credentials=True, old=False
    ):
        self.chance = Chance(f"{name}/{seed}")
        self.start = float(EPOCH + self.chance.randrange(86_400))
        self.failure = self.start + 60 * minutes[0]  # when incidents begin, unless they say otherwise
        self.end = self.failure + 60 * minutes[1]
        self.now = self.start
        self.network, self.extended, self.names_credentials, self.old = network, extended, names_credentials, old
        self.issuer_ahead = 0.0  # the clock of whoever issues tokens, against the API server's
        self.trust, self.api = Trust(), APIServer(self, servers)
        self.objects = []  # (time, type, object)
        self.logs = PodLogs(self)
        self.namespaces, self.workloads, self.accounts_created = set(), [], {}
        self._queue, self._count = [], 0
        self.nodes = [self._node(index) for index in range(nodes)]

    # Time

    def at(self, time, step):
        self._count += 1
        heapq.heappush(self._queue, (max(time, self.now), self._count, step))

    def after(self, seconds, step):
        self.at(self.now + seconds, step)

    def run(self):
        while self._queue and self._queue[0][0] < self.end:
            self.now, _, step = heapq.heappop(self._queue)
            step()
        self.now = self.end

    # What exists from the start, and what is added while time runs

    def workload(
        self,
        kind,
        namespace,
        name,
        client=None,
        *,
        replicas=1,
        nodes=None,
        age=None,
        account=None,
        parts=None,
        image=None,
        command=(),
        **more,
    ):
        """Creates a workload and its pods: `age` seconds before the recording, or now if the recording runs."""
        early = self.now == self.start and age != 0
        if age is None:
            age = self.chance.uniform(2 * 3600, 9 * 86_400)
        created = self.now - age
        account = (namespace, account or name)
        self._ensure_namespace(namespace)
        self._ensure_account(account, created - 30)
        parts = parts or (
            Part(
                name,
                image or f"registry.example/{namespace}/{name}:1.{self.chance.randrange(30)}",
                client,
                tuple(command),
            ),
        )
        workload = Workload(kind, namespace, name, self.chance.uid(), created, account, tuple(parts), replicas, **more)
        self.workloads.append(workload)
        if kind == "Deployment":
            self._new_revision(workload, created)
        if kind != "Pod":
            self.record("ADDED", manifests.controller(workload))
        places = nodes if nodes is not None else [self.chance.choice(self.nodes) for _ in range(replicas)]
        for index, place in enumerate(places):
            self.pod(workload, place, index, created + (self.chance.uniform(1, 4) if early else 0), early)
        return workload

    def pod(self, workload, node, index=0, created=None, early=False, ip=None, token=None):
        """One more pod: early ones run already; others are placed, started and begin to call within seconds. `token`: what its
        programs use instead of their file."""
        created = self.now if created is None else created
        started = created + (2 if early else self.chance.uniform(0.8, 1.6))
        revision = workload.revision
        owners = []
        if workload.kind == "Deployment":
            owners = manifests.owner("ReplicaSet", f"{workload.name}-{revision.hash}", revision.uid)
        elif workload.kind != "Pod":
            owners = manifests.owner(workload.kind, workload.name, workload.uid)
        if ip is None:
            ip = node.ip if workload.host_network else node.next_ip()
        ip6 = (
            f"fd00:10:{node.index + 1:x}::{ip.rpartition('.')[2]}"
            if self.network.six and not workload.host_network
            else ""
        )
        pod = Pod(
            workload,
            self._pod_name(workload, index),
            self.chance.uid(),
            node,
            ip,
            created,
            started,
            owners,
            revision,
            ip6,
        )
        workload.pods.append(pod)
        if workload.kind == "Pod":
            workload.uid = pod.uid
        if early:
            self.record("ADDED", manifests.pod(pod))
            self._run_pod(pod, True, token)
        else:
            self.record("ADDED", manifests.pod(pod, "Pending"))
            self.at(started, lambda: self._run_pod(pod, False, token))
        return pod

    def _run_pod(self, pod, early, token):
        if pod.deleted is not None:
            return
        workload = pod.workload
        self.trust.pods[(pod.namespace, pod.name)] = pod
        if workload.mounts_token:
            pod.file = TokenFile(self, pod, workload.token_seconds, workload.audience)
        if not early:
            self.record("MODIFIED", manifests.pod(pod))
        given = self.legacy_reader(workload) if workload.secret else token and (lambda: token)
        for part in workload.parts:
            if part.client is not None:
                process = Process(self, pod, part.client, part.container, given)
                pod.processes.append(process)
                process.start(early)

    def scale(self, workload, replicas):
        """The object says so; its pods are the caller's business."""
        workload.replicas = replicas
        workload.generation += 1
        self.record("MODIFIED", manifests.controller(workload))
        if workload.revision:
            workload.revision.replicas = replicas
            self.record("MODIFIED", manifests.replica_set(workload, workload.revision))

    # Ends

    def delete(self, pod, grace=30, lingers=None):
        """Asks a pod to end. Programs stop within 2 s; one that `lingers` goes on for so many seconds of its grace."""
        pod.deleted, pod.grace = self.now, grace
        self.record("MODIFIED", manifests.pod(pod))
        stop = self.chance.uniform(0.3, 2) if lingers is None else lingers
        self.after(stop, lambda: [process.stop() for process in pod.processes])
        self.after(stop + self.chance.uniform(0.2, 1), lambda: self._gone(pod))

    def _gone(self, pod):
        pod.gone = True
        key = (pod.namespace, pod.name)
        if self.trust.pods.get(key) is pod:
            del self.trust.pods[key]
        self.record("DELETED", manifests.pod(pod))

    def abandon(self, pod):
        """The object is deleted by force, and on a node that nobody reaches its programs go on."""
        pod.deleted, pod.grace = self.now, 0
        self._gone(pod)

    def replace(self, pod, node=None, **deletion):
        """A pod goes, and its controller makes another."""
        self.delete(pod, **deletion)
        return self.pod(pod.workload, node or self.chance.choice(self.nodes))

    def rollout(self, workload, pause=4.0):
        """A rolling update: new pods first, old ones after them, one at a time."""
        old = [pod for pod in workload.pods if pod.deleted is None]
        before = workload.revision
        workload.generation += 1
        revision = self._new_revision(workload, self.now)
        self.record("MODIFIED", manifests.controller(workload))
        for step, pod in enumerate(old):
            self.after(step * pause, lambda: self.pod(workload, self.chance.choice(self.nodes)))
            self.after(step * pause + 2.5, lambda pod=pod: self.delete(pod))
        before.replicas = 0
        self.after(len(old) * pause, lambda: self.record("MODIFIED", manifests.replica_set(workload, before)))
        return revision

    # Records

    def record(self, what, obj):
        self.objects.append((micros(self.now), what, obj))

    def container_restarts(self, pod, container):
        pod.restarts[container] = pod.restarts.get(container, 0) + 1
        pod.container_started[container] = self.now
        self.record("MODIFIED", manifests.pod(pod))

    def object_lines(self, heard):
        """What a watcher sees that begins at `heard`: all that is there, then every change."""
        there = {}
        for time, what, obj in sorted(self.objects, key=lambda entry: entry[0]):
            if time > heard:
                break
            uid = obj["metadata"]["uid"]
            there[uid] = obj
            if what == "DELETED":
                del there[uid]
        for obj in there.values():
            yield {"time": stamp(heard), "type": "ADDED", "object": obj}
        for time, what, obj in sorted(self.objects, key=lambda entry: entry[0]):
            if time > heard:
                yield {"time": stamp(time), "type": what, "object": obj}

    # Names

    def _node(self, index):
        node = Node(
            index, f"node-{index}", self.chance.uid(), f"10.0.{index // 200}.{10 + index % 200}", f"10.244.{index}"
        )
        self.record("ADDED", manifests.node(node, self.start - 30 * 86_400))
        return node

    def _ensure_namespace(self, name):
        if name not in self.namespaces:
            self.namespaces.add(name)
            self.record("ADDED", manifests.namespace(name, self.chance.uid(), self.start - 30 * 86_400))

    def _ensure_account(self, account, created):
        if account not in self.trust.accounts:
            uid = self.chance.uid()
            self.trust.accounts[account] = [(float("-inf"), uid)]
            self.accounts_created[account] = created
            self.record("ADDED", manifests.service_account(account, uid, created))

    def _new_revision(self, workload, created):
        revision = workload.revision = Revision(self.chance.suffix(9), self.chance.uid(), created, workload.replicas)
        self.record("ADDED", manifests.replica_set(workload, revision))
        return revision

    def _pod_name(self, workload, index):
        if workload.kind == "Pod":
            return workload.name
        if workload.kind == "StatefulSet":
            return f"{workload.name}-{index}"
        stem = f"{workload.name}-{workload.revision.hash}" if workload.revision else workload.name
        return f"{stem}-{self.chance.suffix()}"
