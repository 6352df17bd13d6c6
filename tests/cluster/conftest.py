"""Fixtures of the cluster tier: clusters, namespaces, operators; and what happens when Go is missing."""

import itertools
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import Cluster, ClusterOptions, binaries, resources, tables  # noqa: E402
from harness.remint import Operator, default_binary, drop_lease  # noqa: E402
from harness.stage import Stand  # noqa: E402
from harness.workloads import Space  # noqa: E402

_numbers = itertools.count(1)
# It warns of every connection that a restarting API server refuses, at length.
logging.getLogger("urllib3").setLevel(logging.ERROR)


def pytest_collection_modifyitems(config, items):
    # What takes minutes begins first, or one worker would still be at it when the others have nothing left to do.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    reason = binaries.missing_reason()
    if reason is None:
        return
    loud = f"NO KUBERNETES TO TEST ON: {reason.upper()}"
    for item in items:
        item.add_marker(pytest.mark.skip(reason=loud))
    config.stash[_LOUD] = f"{loud}. {len(items)} CLUSTER TESTS ARE SKIPPED."


_LOUD = pytest.StashKey[str]()


def pytest_terminal_summary(terminalreporter, config):
    message = config.stash.get(_LOUD, None)
    if message:
        terminalreporter.write_sep("!", message, red=True, bold=True)
    tables.write(terminalreporter)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that failed says where the logs are; its clusters then keep their folders."""
    report = yield
    if report.failed:
        item.config.stash[_FAILED] = True
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Cluster):
                report.sections.append((f"logs of {name}", f"kept in {value.logs}"))
    return report


_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def kubernetes_binaries(pytestconfig):
    """The folder with the binaries; the first time ever they are built, which takes minutes."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # or the progress of the build would not be seen
        return binaries.folder()


def _run(pytestconfig, kubernetes_binaries, options):
    pytestconfig.stash[_FAILED] = pytestconfig.stash.get(_FAILED, False)
    cluster = Cluster(kubernetes_binaries, options)
    cluster.start()
    yield cluster
    cluster.stop(keep=pytestconfig.stash[_FAILED])


@pytest.fixture(scope="session")
def cluster(pytestconfig, kubernetes_binaries):
    """One control plane for all tests that neither restart nor hurt it."""
    yield from _run(pytestconfig, kubernetes_binaries, ClusterOptions())


@pytest.fixture
def private_cluster(pytestconfig, kubernetes_binaries):
    """A control plane of the test's own, to be mistreated."""
    yield from _run(pytestconfig, kubernetes_binaries, ClusterOptions())


@pytest.fixture(scope="session")
def remint_binary():
    binary = default_binary()
    if not binary.is_file():
        pytest.fail(f"there is no {binary}: build it (cmake --workflow --preset release) or set REMINT_BINARY")
    return binary


@pytest.fixture(scope="session")
def remint_cluster(cluster, remint_binary):
    """The shared cluster with Remint's CRDs and rights."""
    resources.install(cluster)
    resources.allow_more_leases(cluster)
    return cluster


@pytest.fixture
def private_remint_cluster(private_cluster, remint_binary):
    resources.install(private_cluster)
    return private_cluster


@pytest.fixture
def space(cluster):
    """A namespace of the test's own on the shared cluster."""
    space = Space.fresh(cluster)
    yield space
    space.delete()


@pytest.fixture
def stand(remint_cluster):
    """A namespace of the test's own, whose operators see nothing else and sit behind write proxies."""
    with Stand(remint_cluster) as stand:
        yield stand
        print(stand.story())  # shown when the test fails


@dataclass
class Scene:
    cluster: Cluster
    space: Space
    policies: resources.Policies
    operators: "OperatorFactory"
    operator: Operator


class OperatorFactory:
    """Starts replicas with names of their own and ends them all; a sanitizer's report fails the test."""

    def __init__(self):
        self.started = []

    def __call__(self, cluster, start=True, **options):
        options.setdefault("name", f"remint-{next(_numbers)}")
        operator = Operator(cluster, **options)
        self.started.append(operator)
        return operator.start() if start else operator

    def close(self):
        """Twice does no harm: a cluster of a test's own ends before this factory."""
        started, self.started = self.started, []
        for operator in started:
            operator.stop()
        for cluster in {operator.cluster for operator in started}:
            drop_lease(cluster)
        reports = [line for operator in started for line in operator.sanitizer_reports()]
        assert not reports, "\n".join(reports)


@pytest.fixture
def operators():
    """A factory of replicas. Ask for it after the cluster, so that it is closed before the cluster."""
    factory = OperatorFactory()
    yield factory
    factory.close()


@pytest.fixture
def policies(remint_cluster):
    """Cluster policies on the shared cluster that go with the test."""
    mine = resources.Policies(remint_cluster)
    yield mine
    mine.delete()


@pytest.fixture
def scene(remint_cluster, space, policies, operators):
    """The usual stage: one replica at work, and an Enforce policy for one namespace."""
    policies.put(space.name, resources.short_spec([space.name]))
    operator = operators(remint_cluster)
    operator.wait_leading()
    return Scene(remint_cluster, space, policies, operators, operator)
