"""The write proxy on the real API server, with the official client in the operator's place."""

import threading

import kubernetes
import pytest
from kubernetes.client.exceptions import ApiException

from harness import wait_until
from harness.kubeconfig import write_kubeconfig
from harness.pki import write_private
from harness.tokens import Holder
from harness.write_proxy import ANSWERED, APPLIED, BEFORE, WriteProxy


@pytest.fixture
def proxy(cluster, space):
    proxy = WriteProxy(cluster, namespace=space.name)
    yield proxy
    proxy.close()


@pytest.fixture
def core(cluster, space, proxy):
    """A client that speaks to the proxy with the token of an account that may do everything."""
    kubernetes.client.RbacAuthorizationV1Api(cluster.api_client()).create_namespaced_role_binding(
        space.name,
        {
            "metadata": {"name": "everything"},
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": space.name}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        },
    )
    account = wait_until(
        lambda: space.core.read_namespaced_service_account("default", space.name),
        20, "the namespace's account", swallow=(ApiException,),
    )
    token = cluster.minter.valid(Holder(space.name, "default", account.metadata.uid), 3600)
    path = cluster.folder / f"{space.name}.kubeconfig"
    config = write_kubeconfig(path, proxy.url, None, token=token)
    write_private(path, config.read_bytes())
    client = kubernetes.config.new_client_from_config(str(config))
    client.configuration.retries = False
    client.rest_client.pool_manager.connection_pool_kw["retries"] = False
    yield kubernetes.client.CoreV1Api(client)
    client.close()


def make(core, space, name):
    return core.create_namespaced_config_map(space.name, {"metadata": {"name": name}})


def names(space):
    found = space.core.list_namespaced_config_map(space.name).items
    return {item.metadata.name for item in found} - {"kube-root-ca.crt"}


def test_it_passes_requests_on_and_numbers_the_writes(proxy, core, space):
    make(core, space, "a")
    core.list_namespaced_config_map(space.name)
    core.create_namespaced_config_map(space.name, {"metadata": {"name": "b"}}, dry_run="All")
    core.patch_namespaced_config_map("a", space.name, {"data": {"x": "y"}})
    core.delete_namespaced_config_map("a", space.name)
    assert [(w.number, w.method, w.name, w.dry_run, w.code) for w in proxy.writes] == [
        (1, "POST", "a", False, 201),
        (2, "POST", "b", True, 201),
        (3, "PATCH", "a", False, 200),
        (4, "DELETE", "a", False, 200),
    ]
    assert len(proxy.applied()) == 3


def test_what_is_asked_of_all_namespaces_is_answered_for_one(proxy, core, space):
    make(core, space, "mine")
    found = core.list_config_map_for_all_namespaces().items
    assert {item.metadata.namespace for item in found} == {space.name}


def test_watches_stream_through_without_delay(proxy, core, space):
    seen = []

    def follow():
        for event in kubernetes.watch.Watch().stream(
            core.list_namespaced_config_map, space.name, timeout_seconds=10
        ):
            seen.append(event["object"].metadata.name)

    threading.Thread(target=follow, daemon=True).start()
    wait_until(lambda: "kube-root-ca.crt" in seen, 10, "the first event")
    make(space.core, space, "fresh")
    wait_until(lambda: "fresh" in seen, 2, "an event as soon as it happens")


@pytest.mark.parametrize("point, applied, answered", [
    (BEFORE, False, False), (APPLIED, True, False), (ANSWERED, True, True),
])
def test_it_stops_at_each_point_of_a_write(proxy, core, space, point, applied, answered):
    reached = []
    proxy.at(2, point, lambda: reached.append(names(space)))
    make(core, space, "first")
    if answered:
        make(core, space, "second")
    else:
        with pytest.raises(Exception) as cut:
            make(core, space, "second")
        assert not isinstance(cut.value, ApiException), "no answer came"
    proxy.wait_fired(10)
    assert reached == [{"first", "second"} if applied else {"first"}], "at the moment of the call"
    make(core, space, "third")  # and life goes on
    assert "third" in names(space)


def test_writes_that_come_while_the_operator_is_being_killed_never_arrive(proxy, core, space):
    def meanwhile():
        with pytest.raises(Exception):
            make(core, space, "too-late")

    proxy.at(1, APPLIED, meanwhile)
    with pytest.raises(Exception):
        make(core, space, "first")
    proxy.wait_fired(10)
    assert names(space) == {"first"}
    assert [w.fate for w in proxy.writes] == ["passed", "dropped"]


def test_each_write_is_refused_once(proxy, core, space):
    proxy.refuse_each_once(409)
    for name in ("a", "b"):
        with pytest.raises(ApiException) as refused:
            make(core, space, name)
        assert refused.value.status == 409
        make(core, space, name)
    assert names(space) == {"a", "b"}


def test_the_api_server_is_down_for_a_while(proxy, core, space):
    proxy.refuse_connections()
    with pytest.raises(Exception):
        make(core, space, "a")
    proxy.listen()
    make(core, space, "a")


def test_writes_are_held_and_released(proxy, core, space):
    proxy.hold()
    writer = threading.Thread(target=make, args=(core, space, "late"), daemon=True)
    writer.start()
    core.list_namespaced_config_map(space.name)  # reads pass
    assert names(space) == set()
    proxy.release()
    wait_until(lambda: names(space) == {"late"}, 5, "the held write")
