"""Legacy tokens, which live in a Secret and die with it: the pods that mount it are restarted, and the diagnosis says why."""

import base64

import pytest
from kubernetes.client.exceptions import ApiException

from harness import wait_until
from harness.expect import cured_by_one_restart, untouched
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


def test_a_secret_that_was_made_anew_says_why_its_pods_are_refused(remint_cluster, space, policies, operators):
    allow_source(remint_cluster, "secrets", apiGroups=[""], resources=["secrets"], verbs=["list", "watch"])
    spec = short_spec([space.name])
    spec["signals"]["trustChange"] = {"enabled": True, "secrets": True}
    policies.put(space.name, spec)
    operators(remint_cluster).wait_leading()
    space.core.create_namespaced_service_account(space.name, {"metadata": {"name": "web"}})
    token = make_token(space, "web")
    mounts = {"volumes": [{"name": "token", "secret": {"secretName": "web-token"}}]}
    web = space.deployment("web", replicas=1, account="web", pod=mounts)
    other = space.deployment("other", replicas=1, account="web")
    with WorkloadSimulator(web, lambda _: token) as programs, WorkloadSimulator(other, remint_cluster.minter.valid):
        programs.wait_answered(200)
        space.core.delete_namespaced_secret("web-token", space.name)
        wait_until(lambda: gone(space, "web-token"), 20, "the Secret to be gone")
        make_token(space, "web")
        restart = cured_by_one_restart(web)
    assert restart["spec"]["diagnosis"] == "SecretRegenerated", restart["spec"]
    untouched(other)


def gone(space, name):
    try:
        space.core.read_namespaced_secret(name, space.name)
    except ApiException as error:
        return error.status == 404
    return False
