"""Fixtures of the node tier: one cluster with one real node, Remint installed on it; and what happens when it cannot be."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cluster")]

from harness import tables  # noqa: E402
from rig import needs  # noqa: E402
from rig.install import Remint  # noqa: E402
from rig.logs import PodLogs  # noqa: E402
from rig.cluster import NodeCluster  # noqa: E402
from rig.party import Party  # noqa: E402
from rig.usage import Usage  # noqa: E402

_FOLDER = os.environ.get("REMINT_NODE_FOLDER")


def _reason():
    return needs.missing() or (None if _FOLDER else "run tests/node/run: it makes the namespaces for the node")


def pytest_collection_modifyitems(config, items):
    _fill_the_wait(items)
    reason = _reason()
    if reason:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"NO NODE TO TEST ON: {reason.upper()}"))


def _fill_the_wait(items):
    """test_pod_logs.py is told where test_stories.py would wait for tokens to run out."""
    told = [item for item in items if item.path.name == "test_pod_logs.py"]
    others = [item for item in items if item not in told]
    waits = [place for place, item in enumerate(others) if "short_token" in item.name]
    if waits:
        items[:] = [*others[: waits[0]], *told, *others[waits[0] :]]


def pytest_terminal_summary(terminalreporter):
    tables.write(terminalreporter)
    reason = _reason()
    if reason:
        terminalreporter.write_sep("!", f"NO NODE TO TEST ON: {reason.upper()}. ALL NODE TESTS ARE SKIPPED.", red=True)


@pytest.fixture(scope="session")
def node():
    folder = Path(_FOLDER)
    cluster = NodeCluster(
        os.environ["KUBEBUILDER_ASSETS"], os.environ["REMINT_NODE_BINARIES"], folder, f"/{folder.name}"
    )
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def logs(node):
    logs = PodLogs(node.pod_logs)
    logs.start()
    yield logs
    logs.close()


@pytest.fixture(scope="session")
def remint(node, logs):
    """Installed from the image by the chart, the API server wired to it."""
    remint = Remint(node, node.containerd.import_image(os.environ["REMINT_IMAGE"]))
    remint.install()
    remint.wire()
    return remint


@pytest.fixture(scope="session")
def sources(remint):
    """Remint, upgraded to use every source that is off by default. The sources' rights come with it."""
    every = ("podLogs", "apiserverPodLogs", "kubernetesEvents", "tokenSecrets")
    remint.roll_out({f"{source}.enabled": "true" for source in every})
    return remint


@pytest.fixture(scope="session")
def usage(remint):
    usage = Usage(remint)
    usage.start()
    yield usage
    usage.close()


@pytest.fixture(scope="session")
def short(node, logs):
    """Workloads whose tokens live for ten minutes from now: made early, so that other stories fill the time."""
    party = Party(node, logs, "short", token_seconds=600)
    party.add_well("fresh", account="shop", token_seconds=600)
    party.add_well("fresh-probe", account="shop", token_seconds=600, host_network=True)
    return party.wait_listing()
