"""Fixtures of the chart tier: helm, and a real API server to show the objects to."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "cluster")]

from chart import CHART, Helm  # noqa: E402
from ground import Ground  # noqa: E402
from harness import Cluster, binaries, resources  # noqa: E402

_LOUD = pytest.StashKey[list]()


def _skip(config, reason):
    loud = config.stash.setdefault(_LOUD, [])
    if reason.upper() not in loud:
        loud.append(reason.upper())
    pytest.skip(reason.upper())


def pytest_terminal_summary(terminalreporter, config):
    for message in config.stash.get(_LOUD, []):
        terminalreporter.write_sep("!", message, red=True, bold=True)


def _tool(config, script, what):
    """What the script prints; the first time it builds or fetches, which takes a while."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        result = subprocess.run([_HERE / script], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode == 3:
        _skip(config, f"no {what}: Go 1.21 or newer is not installed")
    assert result.returncode == 0, f"tests/chart/{script} ended with {result.returncode}"
    return Path(result.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="session")
def helm_program(pytestconfig):
    return _tool(pytestconfig, "build-helm", "helm")


@pytest.fixture(scope="session")
def helm(helm_program, tmp_path_factory):
    """Without a cluster."""
    return Helm(helm_program, tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def cluster(pytestconfig):
    """A real control plane; the kubelets are fake, so pods become ready and run nothing."""
    if reason := binaries.missing_reason():
        _skip(pytestconfig, f"no Kubernetes to test on: {reason}")
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        folder = binaries.folder()
    with Cluster(folder) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def crds(cluster):
    """The cluster serves Remint's custom resources."""
    resources.kubectl(cluster, "apply", "--server-side", "-f", resources.CRDS)
    resources.kubectl(cluster, "wait", "--for=condition=Established", "--timeout=30s", "-f", resources.CRDS)
    return cluster


@pytest.fixture(scope="session")
def foreign_crds(pytestconfig, cluster):
    """The cluster serves those of cert-manager, the Prometheus operator and the vertical pod autoscaler, too."""
    folder = _tool(pytestconfig, "fetch-crds", "CRDs of others")
    resources.kubectl(cluster, "apply", "--server-side", "-f", folder)
    resources.kubectl(cluster, "wait", "--for=condition=Established", "--timeout=30s", "-f", folder)
    return cluster


@pytest.fixture
def copied_chart(tmp_path):
    """A copy of the chart to be changed; its symbolic links are files."""
    return Path(shutil.copytree(CHART, tmp_path / "remint", symlinks=False))


@pytest.fixture
def ground(helm, crds):
    """A factory."""
    made = []

    def make(values=None, **options):
        made.append(Ground(helm, crds, values or {}, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
