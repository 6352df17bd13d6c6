"""Programs of several workloads on one node that all call from the node's address, as behind source NAT."""

from .simulator import WorkloadSimulator

_NODE = "node-0"
_HEARD = 20  # answers to each program: enough to know who calls how


class Behind:
    """`program(...)` for each workload; all end with the block."""

    def __init__(self, scene):
        self._space = scene.space
        node = scene.cluster.core().read_node(_NODE)
        (self.address,) = [a.address for a in node.status.addresses if a.type == "InternalIP"]
        self._programs = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self._programs:
            program.stop()

    def program(self, name, user_agent=None, **pod):
        """A Deployment of one pod on the node, whose token is good; `pod` is merged into the pod's spec."""
        selector = {"nodeSelector": {"kubernetes.io/hostname": _NODE}}
        workload = self._space.deployment(name, replicas=1, pod=selector | pod)
        minter = self._space.cluster.minter
        program = WorkloadSimulator(
            workload, minter.valid, user_agent=user_agent, address_of=lambda pod: self.address
        )
        self._programs.append(program)
        return program.start()

    def wait_heard(self):
        for program in self._programs:
            program.wait_answered(200, _HEARD)

    def kill(self, program):
        """Its token is dead from now on; returns the names of its pods."""
        names = [pod.metadata.name for pod in program.workload.live_pods()]
        program.replace_tokens(self._space.cluster.minter.expired)
        return names
