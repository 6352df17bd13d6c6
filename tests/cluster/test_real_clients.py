"""Real client libraries whose tokens die: each is named, restarted once and cured, whatever it logs or calls itself."""

import json
import os
import re

import pytest

from harness.audit_log import AuditLog
from harness.client_builds import ClientBuilds, missing_mounts
from harness.client_kinds import KINDS
from harness.expect import cured_by_one_restart, stays_restarted_once
from harness.fake_client import FakeClient
from harness.real_client import RealWorkload
from harness.recording import Recording, StampedLog
from harness.resources import short_spec
from harness.wait import wait_until

pytestmark = [pytest.mark.remint]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)

# Whatever looks like a token, in the header or in a client's dump of its own request.
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


@pytest.fixture(scope="session")
def client_builds(pytestconfig):
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # or the progress would not be seen
        return ClientBuilds()


@pytest.fixture
def builds(client_builds, kind):
    """The folder with this kind of client in it."""
    if reason := missing_mounts():
        pytest.skip(f"NO MOUNT NAMESPACE FOR THE TOKEN OF {kind}: {reason}".upper())
    if not client_builds.has(kind.name):
        if client_builds.failed:
            pytest.fail(f"{kind} could not be installed: tests/cluster/build-clients says why")
        pytest.skip(f"THE CLIENT {kind} IS NOT INSTALLED: WHAT IT NEEDS IS MISSING (tests/cluster/build-clients)")
    return client_builds.folder


@each_kind
def test_the_lines_on_record_are_what_the_client_is_known_by(kind):
    text = kind.lines.read_text()
    assert text.startswith(f"# {kind.library} {kind.version}:")
    assert kind.complaint_in(text)
    assert not _TOKEN.search(text)


@each_kind
def test_its_recreated_service_account_is_cured_by_exactly_one_restart(
    scene, kind, builds, tmp_path, kubernetes_binaries
):
    # A program that imports half a library needs its time to start on a busy machine.
    scene.policies.put(scene.space.name, short_spec([scene.space.name], verification={"observe": "25s"}))
    scene.policies.wait_observed(scene.space.name)
    audit = AuditLog(scene.cluster)
    path = f"/api/v1/namespaces/{scene.space.name}/configmaps"
    shop = scene.space.deployment("shop", replicas=1)
    with RealWorkload(shop, kind, builds) as program, StampedLog(program.client().process.log) as stamped:
        old = program.client()
        wait_until(
            lambda: audit.events(old.address, 200, path), 60, f"{kind} to be healthy", swallow=(OSError,)
        )
        assert not kind.complaint_in(old.log())
        recording = Recording(tmp_path, scene.cluster, kubernetes_binaries, scene.space.name)

        recreate_account(scene.space, shop)
        if kind.reads_once:
            # The kubelet renews the file, and it does not help.
            (pod,) = shop.pods()
            old.tokens.write(scene.cluster.minter.valid(scene.space.holder(pod)))
        if kind.watches_long:
            wait_refused(scene.cluster, old.first_token, path)
            old.relay.cut()

        restart = cured_by_one_restart(shop, timeout=120)
        assert restart["spec"]["pods"] == [old.pod_name]
        new = program.client()
        assert new.address != old.address
        assert audit.events(new.address, 200, path)
        assert not audit.events(new.address, 401)
        assert not kind.complaint_in(new.log())
        stays_restarted_once(shop, 3)

    rejected = audit.events(old.address, 401, path)
    agents = {event.get("userAgent") for event in rejected}
    if kind.user_agent is None:
        assert agents == {None}
    else:
        assert len(agents) == 1 and re.fullmatch(kind.user_agent, agents.pop() or ""), agents
    complaint = kind.complaint_in(old.log())
    assert complaint, old.process.log_tail()
    if os.environ.get("RECORD_CLIENT_LINES"):
        record(kind, complaint[0])
    its_own_log_says_so(recording, kind, old, stamped, audit)


def its_own_log_says_so(recording, kind, client, stamped, audit):
    """What it printed is evidence beside the audit events, line by line at its own time."""
    recording.add_log(client.namespace, client.pod_name, "main", stamped.text())
    decisions = recording.replay(audit.events())
    assert decisions
    found = [one for line in decisions for one in line["evidence"] if one["source"] == "pod-log"]
    assert bool(found) == kind.log_tells, decisions
    assert not _TOKEN.search(json.dumps(decisions))


def recreate_account(space, workload):
    """Under the same name, with another UID: no token of the old one is good any more."""
    space.core.delete_namespaced_service_account(workload.name, space.name)
    space.core.create_namespaced_service_account(space.name, {"metadata": {"name": workload.name}})


def wait_refused(cluster, token, path):
    """Waits until the API server has forgotten that the token was good; asks from outside, where nobody is blamed."""
    probe = FakeClient(cluster.apiserver.url, cluster.apiserver.root_ca, "127.0.0.1", token, path=path)
    wait_until(lambda: probe.request().status == 401, 30, "the token to be refused", interval=0.5)
    probe.disconnect()


def record(kind, complaint):
    head = f"# {kind.library} {kind.version}: what it logs when its token is rejected.\n"
    kind.lines.write_text(head + _TOKEN.sub("[redacted]", complaint))
