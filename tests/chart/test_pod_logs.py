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


def test_log_collectors_get_a_token_of_their_own(helm):
    rendered = helm.template({"podLogs": {"bearerToken": {"enabled": True}}})
    assert "--pod-log-token-file=/etc/remint/pod-log-token/token" in rendered.args
    assert not [a for a in rendered.args if a.startswith("--audit-token-file") or a == "--pod-logs"]
    pod = rendered.one("Deployment")["spec"]["template"]["spec"]
    (volume,) = [v for v in pod["volumes"] if v["name"] == "pod-log-token"]
    (mount,) = [m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "pod-log-token"]
    assert mount["mountPath"] == "/etc/remint/pod-log-token" and "subPath" not in mount
    (name,) = rendered.one("Secret", volume["secret"]["secretName"])["data"]
    assert name == "token"


def test_the_token_of_log_collectors_is_another_one_than_that_for_audit_events(helm):
    both = {"enabled": True, "existingSecret": "mine"}
    values = {"audit": {"bearerToken": both}, "podLogs": {"bearerToken": both}}
    assert "podLogs.bearerToken must be another token" in helm.refusal(values)
    values["podLogs"]["bearerToken"] = both | {"secretKey": "lines"}
    rendered = helm.template(values)
    assert {"--audit-token-file=/etc/remint/token/token", "--pod-log-token-file=/etc/remint/pod-log-token/lines"} <= set(rendered.args)
    assert not [s for s in rendered.all("Secret") if "token" in s["metadata"]["name"]]


@pytest.mark.parametrize("namespace", ["kube-system", "openshift-kube-apiserver"])
def test_the_api_servers_logs_can_be_read_where_their_pods_are_and_nowhere_else(helm, namespace):
    rendered = helm.template({"apiserverPodLogs": {"enabled": True, "namespace": namespace}})
    assert "--apiserver-pod-logs" in rendered.args
    (role,) = [r for r in rendered.all("Role") if any("pods/log" in rule["resources"] for rule in r["rules"])]
    assert role["metadata"]["namespace"] == namespace
    assert not [r for r in rendered.all("ClusterRole") if any("pods/log" in rule["resources"] for rule in r["rules"])]
