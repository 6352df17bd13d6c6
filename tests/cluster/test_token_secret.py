"""Legacy tokens, which live in a Secret. They have no time in them: made anew with an RSA key, the token is the same."""

import base64

import pytest
from kubernetes.client.exceptions import ApiException

from harness import wait_until
from harness.expect import untouched
from harness.resources import allow_source, short_spec
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint


def make_token(space, account):
    """A Secret with a token, as people make them; returns the token once the control plane has put it there."""
    space.core.create_namespaced_secret(space.name, {
        "metadata": {"name": f"{account}-token", "annotations": {"kubernetes.io/service-account.name": account}},
        "type": "kubernetes.io/service-account-token",
    })  # fmt: skip

    def filled():
        return (space.core.read_namespaced_secret(f"{account}-token", space.name).data or {}).get("token")

    return base64.b64decode(wait_until(filled, 30, "a token in the Secret")).decode()


def test_a_secret_that_was_made_anew_with_the_same_token_makes_nobody_suspect(remint_cluster, space, policies, operators):
    allow_source(remint_cluster, "secrets", apiGroups=[""], resources=["secrets"], verbs=["list", "watch"])
    spec = short_spec([space.name])
    spec["signals"]["trustChange"] = {"enabled": True, "secrets": True, "after": "5s"}
    policies.put(space.name, spec)
    operator = operators(remint_cluster)
    operator.wait_leading()
    space.core.create_namespaced_service_account(space.name, {"metadata": {"name": "web"}})
    token = make_token(space, "web")
    mounts = {"volumes": [{"name": "token", "secret": {"secretName": "web-token"}}]}
    web = space.deployment("web", replicas=1, account="web", pod=mounts)
    with WorkloadSimulator(web, lambda _: token) as programs:
        programs.wait_answered(200)
        wait_until(lambda: operator.metrics().sum("remint_watch_synced", resource="secrets") == 1, 40, "Secrets to be watched")
        space.core.delete_namespaced_secret("web-token", space.name)
        wait_until(lambda: gone(space, "web-token"), 20, "the Secret to be gone")
        assert make_token(space, "web") == token, "another token would be refused, and its pods restarted"
        programs.wait_answered(200, count=programs.answers(first=True).get(200, 0) + 20)
    untouched(web)


def gone(space, name):
    try:
        space.core.read_namespaced_secret(name, space.name)
    except ApiException as error:
        return error.status == 404
    return False
