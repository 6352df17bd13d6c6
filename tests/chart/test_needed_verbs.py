"""The chart gives Remint the rights that it uses, no more and no less.

What it uses is not written down anywhere: it is what the stories of the cluster tier make it ask the API server for, by the audit
log ($REMINT_REQUESTS, written by tests/cluster/harness/asked.py). Without that file, which tests/run hands on from the stories it
has just run, the stories that together use every right are told here, which takes minutes.
"""

import os
import subprocess
import sys

import pytest
from rules import Right, rights_of

# One story at least for each strategy, for what follows a decision, and for each answer to it.
_STORIES = (
    "test_deployment.py::test_expired_tokens_are_cured_by_exactly_one_restart",
    "test_stateful_set.py",
    "test_daemon_set.py",
    "test_evict_pods.py",
    "test_scale_to_zero.py",
    "test_rolling_replace.py",
    "test_recreate.py",
    "test_bad_policy.py",
    "test_disturbances.py::test_a_namespace_that_is_deleted_meanwhile_goes",
)
# What no story can show, and why it is needed all the same. An entry that a story does show fails the test.
_UNSEEN = {
    Right("remint.dev", "workloadrestarts", "delete"): "finished restarts are deleted after a day: tests/component shows it",
    Right("", "pods", "get", own=True): "the leader's label: replicas of the stories are no pods",
    Right("", "pods", "list", own=True): "the leader's label",
    Right("", "pods", "patch", own=True): "the leader's label",
}


@pytest.fixture(scope="module")
def asked(cluster, tmp_path_factory):
    """The requests that Remint made, as lines of the file."""
    given = os.environ.get("REMINT_REQUESTS")
    if given and os.path.isfile(given):
        return _read(given)
    told = tmp_path_factory.mktemp("stories") / "requests"
    tier = os.path.join(os.path.dirname(__file__), os.pardir, "cluster")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile", "-x"]
    environment = os.environ | {"REMINT_REQUESTS": str(told)}
    done = subprocess.run([*command, *_STORIES], cwd=tier, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    return _read(told)


def _read(path):
    with open(path, encoding="utf-8") as lines:
        return {tuple(line.rstrip("\n").split("\t")) for line in lines}


@pytest.fixture(scope="module")
def given(helm):
    return rights_of(helm.template())


def _used(line, given):
    """The right that allows a request: the one for its namespace before the one for all."""
    group, resource, verb, namespace = line
    own = Right(group, resource, verb, own=True)
    return own if namespace == "remint-system" and own in given else Right(group, resource, verb)


def test_no_right_is_missing(asked, given):
    missing = {_used(line, given) for line in asked} - given
    assert not missing, "the chart does not allow what Remint asked for"


def test_no_right_is_unused(asked, given):
    used = {_used(line, given) for line in asked}
    unused = given - used - _UNSEEN.keys()
    assert not unused, "the chart allows what no story makes Remint ask for: take it away, or tell the story"


def test_what_is_said_to_be_unseen_is(asked, given):
    assert _UNSEEN.keys() <= given, "the chart does not give it any more"
    seen = _UNSEEN.keys() & {_used(line, given) for line in asked}
    assert not seen, "take it off the list"
