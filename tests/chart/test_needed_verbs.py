"""The chart gives Remint the rights that it uses, no more and no less.

What it uses is not written down anywhere: it is what the stories of the cluster tier make it ask the API server for, by the audit
log ($REMINT_REQUESTS, written by tests/cluster/harness/asked.py). Without that file, which tests/run hands on from the stories it
has just run, the stories that together use every right are told here, which takes minutes.
"""

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from chart import NAMESPACE
from harness import Cluster, asked, resources
from harness.expect import OBSERVE_ONLY, cured_by_one_restart, wait_explained
from harness.remint import Operator
from harness.simulator import WorkloadSimulator
from harness.workloads import Space
from rules import Right, rights_of

# One story at least for each strategy, for what follows a decision, and for each answer to it.
_STORIES = (
    "test_deployment.py::test_expired_tokens_are_cured_by_exactly_one_restart",
    "test_stateful_set.py::test_a_stateful_set_with_a_stale_token_is_restarted_once",
    "test_daemon_set.py",
    "test_leader_label.py",
    "test_evict_pods.py::test_only_the_pods_that_are_named_are_evicted",
    "test_scale_to_zero.py::test_it_comes_back_to_its_size_with_new_pods",
    "test_rolling_replace.py::test_a_controller_is_cured_and_its_service_never_misses_an_endpoint",
    "test_recreate.py::test_a_bare_pod_is_cured_and_is_what_it_was",
    "test_namespaced_policy.py",
    "test_pod_logs.py::test_without_any_audit_event_a_log_that_says_401_is_enough_where_the_policy_says_so",
    "test_ceilings.py::test_limits_meet_at_their_stricter_end_and_only_what_was_narrowed_is_shown",
    "test_disturbances.py::test_who_deletes_the_restart_gets_the_workload_back_first[ScaleToZero]",
)
# What no story can show, and why it is needed all the same. An entry that a story does show fails the test.
_UNSEEN = {
    Right("remint.dev", "workloadrestarts", "delete"): "finished restarts are deleted after a day: tests/component shows it",
}


@pytest.fixture(scope="module")
def stories(cluster, tmp_path_factory):
    """The requests that Remint made, as lines of the file."""
    given = os.environ.get("REMINT_REQUESTS")
    if given and os.path.isfile(given):
        return _read(given)
    told = tmp_path_factory.mktemp("stories") / "requests"
    tier = os.path.join(os.path.dirname(__file__), os.pardir, "cluster")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile"]
    environment = os.environ | {"REMINT_REQUESTS": str(told)}
    done = subprocess.run([*command, *_STORIES], cwd=tier, env=environment, capture_output=True, text=True, check=False)
    # Whether a story ends well is the cluster tier's to judge (1: one did not); here only what was asked counts.
    assert done.returncode in (0, 1), done.stdout[-4000:]
    return _read(told)


def _read(path):
    with open(path, encoding="utf-8") as lines:
        return {tuple(line.rstrip("\n").split("\t")) for line in lines}


@pytest.fixture(scope="module")
def given(helm):
    # The stories read pods' logs, too, which is off by default.
    return rights_of(helm.template({"podLogs": {"enabled": True}}))


def _used(line, given):
    """The right that allows a request: the one for its namespace before the one for all."""
    group, resource, verb, namespace = line
    own = Right(group, resource, verb, own=True)
    return own if namespace == "remint-system" and own in given else Right(group, resource, verb)


def test_no_right_is_missing(stories, given):
    missing = {_used(line, given) for line in stories} - given
    assert not missing, "the chart does not allow what Remint asked for"


def test_no_right_is_unused(stories, given):
    used = {_used(line, given) for line in stories}
    unused = given - used - _UNSEEN.keys()
    assert not unused, "the chart allows what no story makes Remint ask for: take it away, or tell the story"


def test_what_is_said_to_be_unseen_is(stories, given):
    assert _UNSEEN.keys() <= given, "the chart does not give it any more"
    seen = _UNSEEN.keys() & {_used(line, given) for line in stories}
    assert not seen, "take it off the list"


@contextmanager
def with_the_rights_of(helm, cluster, values, namespace="shop"):
    """A cluster of its own with the CRDs, a namespace, and the rights that these values give: (cluster, space, rights)."""
    rendered = helm.template(values)
    kinds = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
    with Cluster(cluster.binaries) as own:
        resources.kubectl(own, "create", "namespace", NAMESPACE)
        resources.kubectl(own, "apply", "--server-side", "-f", resources.CRDS)
        resources.kubectl(own, "wait", "--for=condition=Established", "--timeout=30s", "-f", resources.CRDS)
        space = Space(own, namespace)
        resources.apply(own, [document for document in rendered.documents if document["kind"] in kinds])
        yield own, space, rights_of(rendered)


def lines_of(cluster):
    return {tuple(line.split("\t")) for line in asked.requests_in(cluster)}


def test_with_the_ceiling_observe_nothing_is_asked_for_that_is_not_given(helm, cluster):
    """With a program that finds something to report, and the rights of that ceiling alone."""
    with with_the_rights_of(helm, cluster, {"modeCeiling": "Observe"}) as (own, space, given):
        policies = resources.Policies(own)
        policies.put("default", resources.short_spec([space.name], mode="Observe"))
        with Operator(own) as operator:
            operator.wait_leading()
            web = space.deployment("web")
            with WorkloadSimulator(web, own.minter.expired):
                wait_explained(web, OBSERVE_ONLY)
                policies.wait_at_risk("default", "web")
        lines = lines_of(own)
    assert {_used(line, given) for line in lines} <= given
    assert ("events.k8s.io", "events", "create") in {line[:3] for line in lines}, "it did say something"


def test_in_a_scope_the_roles_of_its_namespaces_suffice(helm, cluster):
    """A workload is cured by a program that may see one namespace and nothing else."""
    with with_the_rights_of(helm, cluster, {"scope": {"namespaces": ["shop"]}}) as (own, space, given):
        spec = resources.short_spec([])
        del spec["match"]
        about = {"apiVersion": f"{resources.GROUP}/{resources.VERSION}", "kind": "TokenRefreshPolicy"}
        resources.apply(own, [about | {"metadata": {"name": "ours", "namespace": "shop"}, "spec": spec}])
        with Operator(own, flags=("--watch-namespace", "shop")) as operator:
            operator.wait_leading()
            web = space.deployment("web")
            with WorkloadSimulator(web, own.minter.expired):
                cured_by_one_restart(web)
        lines = lines_of(own)
    assert {line[3] for line in lines} == {"shop", NAMESPACE}
    assert {_used(line, given) for line in lines} <= given
