"""Pods' logs are read only where the values say so, and only there is the right to them given."""

import pytest
from rules import Right, rights_of

LOG = Right("", "pods/log", "get")


def test_no_log_can_be_read_by_default(helm):
    rendered = helm.template()
    assert LOG not in rights_of(rendered)
    assert not [flag for flag in rendered.args if "log" in flag.split("=")[0] and "pod" in flag]


def test_pods_logs_come_with_their_right_and_their_flags(helm):
    rendered = helm.template({"podLogs": {"enabled": True, "streams": 7}})
    assert LOG in rights_of(rendered)
    assert {"--pod-logs", "--pod-log-streams=7"} <= set(rendered.args)


def test_in_a_scope_the_right_is_given_in_its_namespaces_alone(helm):
    rendered = helm.template({"podLogs": {"enabled": True}, "scope": {"namespaces": ["shop"]}})
    holders = [r["metadata"]["namespace"] for r in rendered.all("Role") if any("pods/log" in rule["resources"] for rule in r["rules"])]
    assert holders == ["shop"]


@pytest.mark.parametrize("namespace", ["kube-system", "openshift-kube-apiserver"])
def test_the_api_servers_logs_can_be_read_where_their_pods_are_and_nowhere_else(helm, namespace):
    rendered = helm.template({"apiserverPodLogs": {"enabled": True, "namespace": namespace}})
    assert "--apiserver-pod-logs" in rendered.args
    (role,) = [r for r in rendered.all("Role") if any("pods/log" in rule["resources"] for rule in r["rules"])]
    assert role["metadata"]["namespace"] == namespace
    assert not [r for r in rendered.all("ClusterRole") if any("pods/log" in rule["resources"] for rule in r["rules"])]
