"""deploy/metrics.md names every metric that Remint has, with its labels, and none that it has not; promtool finds no fault with them."""

import re
import shutil
import subprocess
import urllib.request

import pytest

from harness import resources, wait_until
from harness.folders import DEPLOY
from harness.remint import Operator

pytestmark = pytest.mark.remint

PAGE = DEPLOY / "metrics.md"
_NAME = re.compile(r"`((?:remint|process)_[a-z_]+)(?:\{([a-z,]+)\})?`")
_SOURCES = ("podLog", "kubernetesEvent")


@pytest.fixture(scope="module")
def scrape(remint_cluster, remint_binary, tmp_path_factory):
    """The text of /metrics from a leader with every source switched on, and a policy that asks for them."""
    folder = tmp_path_factory.mktemp("logs")
    resources.allow_source(remint_cluster, "pod-logs", apiGroups=[""], resources=["pods/log"], verbs=["get"])
    resources.allow_source(remint_cluster, "events", apiGroups=["events.k8s.io"], resources=["events"], verbs=["list", "watch"])
    flags = ("--pod-logs", "--apiserver-pod-logs", "--apiserver-log", folder / "apiserver.log", "--audit-log", folder / "audit.log")
    policies = resources.Policies(remint_cluster)
    spec = resources.short_spec(["nowhere"])
    spec["signals"] |= {source: {"enabled": True} for source in _SOURCES}
    with Operator(remint_cluster, flags=flags) as operator:
        operator.wait_leading()
        policies.put("asks-for-all", spec)
        read = lambda: urllib.request.urlopen(f"{operator.url}/metrics", timeout=10).read().decode()  # noqa: E731
        wait_until(lambda: 'remint_watch_synced{resource="events' in read(), 30, "Events to be watched")
        text = read()
    policies.delete()
    return text


def families(text):
    """The name and labels of every family; a histogram's are those of its series, without `le`."""
    found = {line.split()[2]: set() for line in text.splitlines() if line.startswith("# TYPE")}
    for name, labels in re.findall(r"^(\w+)\{([^}]*)\} ", text, re.M):
        own = name if name in found else re.sub(r"_(bucket|sum|count)$", "", name)
        found[own] |= set(re.findall(r"(\w+)=", labels)) - {"le"}
    return found


def told():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return {name: set(filter(None, labels.split(","))) for row in rows for name, labels in _NAME.findall(row.split(" | ")[0])}


def test_every_metric_is_on_the_page_with_its_labels_and_no_other(scrape):
    assert told() == families(scrape)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="NO PROMTOOL: deploy/install-dependencies --checks")
def test_promtool_finds_no_fault_with_them(scrape):
    checked = subprocess.run(["promtool", "check", "metrics"], input=scrape, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
