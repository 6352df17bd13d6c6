"""WorkloadRestarts as a person makes them: what is to be restarted, how, and what became of it."""

import itertools

from kubernetes.client.exceptions import ApiException

from .resources import FINAL_PHASES, GROUP, RESTART, VERSION, phase
from .wait import wait_until

_numbers = itertools.count(1)


class HandMade:
    """One WorkloadRestart in one namespace."""

    def __init__(self, space, name):
        self.space = space
        self.name = name
        self._at = (GROUP, VERSION, space.name, RESTART, name)

    def __str__(self):
        return f"WorkloadRestart {self.space.name}/{self.name}"

    @property
    def _custom(self):
        return self.space.cluster.custom()

    def read(self):
        return self._custom.get_namespaced_custom_object(*self._at)

    def status(self):
        return self.read().get("status", {})

    def phase(self):
        return phase(self.read())

    def delete(self):
        self._custom.delete_namespaced_custom_object(*self._at)

    def patch_status(self, status):
        """As somebody does who may write the status but is not Remint."""
        return self._custom.patch_namespaced_custom_object_status(*self._at, {"status": status})

    def exists(self):
        try:
            self.read()
        except ApiException as error:
            if error.status == 404:
                return False
            raise
        return True

    def condition(self, kind):
        """The condition of that type, or an empty dict."""
        return next((c for c in self.status().get("conditions", []) if c["type"] == kind), {})

    def wait_finished(self, timeout=60):
        """Waits for a final phase; returns the whole object."""

        def finished():
            restart = self.read()
            return restart if phase(restart) in FINAL_PHASES else None

        return self._wait(finished, timeout, "to end")

    def wait_step(self, step, timeout=30):
        return self._wait(lambda: self.status().get("step") == step, timeout, f"to be at {step}")

    def wait_blocked(self, timeout=30):
        """Waits for condition Blocked; returns it."""

        def blocked():
            condition = self.condition("Blocked")
            return condition if condition.get("status") == "True" else None

        return self._wait(blocked, timeout, "to be blocked")

    def wait_gone(self, timeout=60):
        self._wait(lambda: not self.exists(), timeout, "to be gone")

    def _wait(self, check, timeout, what):
        try:
            return wait_until(check, timeout, f"{self} {what}", interval=0.05, swallow=(OSError,))
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.read() if self.exists() else 'gone'}") from error


def order(workload, strategy, target=None, space=None, **spec):
    """Creates a WorkloadRestart; `target` and `spec` override what the workload says."""
    space = space or workload.space
    name = f"by-hand-{next(_numbers)}"
    named = {"apiVersion": workload.api_version, "kind": workload.kind, "name": workload.name} | (target or {})
    body = {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "WorkloadRestart",
        "metadata": {"name": name},
        "spec": {"target": named, "strategy": strategy, "observe": "1s"} | spec,
    }
    space.cluster.custom().create_namespaced_custom_object(GROUP, VERSION, space.name, RESTART, body)
    return HandMade(space, name)
