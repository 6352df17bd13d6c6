"""The checker of limits finds what is wrong: on audit logs that were written by hand."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from harness.audited_limits import ACCOUNT, most_at_once, most_in, restarts_in, too_soon

BEGAN = datetime(2026, 11, 22, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Log:
    """An audit log; times are seconds after three o'clock."""

    def __init__(self, path):
        self.path = path
        path.write_text("")

    def add(self, second, verb, resource, name, sent, code=200, subresource=None, user=ACCOUNT):
        about = {"resource": resource, "namespace": "shop", "name": name} | ({"subresource": subresource} if subresource else {})
        event = {
            "stage": "ResponseComplete", "verb": verb, "user": {"username": user}, "objectRef": about, "requestURI": f"/x/{name}",
            "responseStatus": {"code": code}, "requestObject": sent,
            "requestReceivedTimestamp": (BEGAN + timedelta(seconds=second)).isoformat(),
        }  # fmt: skip
        with self.path.open("a") as log:
            log.write(json.dumps(event) + "\n")

    def order(self, second, name, attempt=1):
        sent = {"metadata": {"name": f"{name}-{attempt}"}, "spec": {"target": {"name": name}}}
        self.add(second, "create", "workloadrestarts", None, sent, 201)

    def patch(self, second, name, stamp="a", **more):
        sent = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": stamp}}}}}
        self.add(second, "patch", "deployments", name, sent, **more)

    def phase(self, second, name, phase, attempt=1, **more):
        self.add(second, "patch", "workloadrestarts", f"{name}-{attempt}", {"status": {"phase": phase}}, subresource="status", **more)

    def whole(self, begin, end, name, attempt=1):
        self.order(begin - 1, name, attempt)
        self.patch(begin, name, f"stamp-{attempt}")
        self.phase(begin + 1, name, "Verifying", attempt)
        self.phase(end, name, "Succeeded", attempt)

    def restarts(self):
        restarts, others = restarts_in([self.path], "shop")
        assert others == []
        return restarts


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "audit.log")


def test_restarts_that_overlap_are_at_once_and_those_that_touch_are_not(log):
    log.whole(10, 30, "a"), log.whole(20, 40, "b"), log.whole(40, 50, "c")
    assert most_at_once(log.restarts()) == (2, BEGAN + timedelta(seconds=20))


def test_one_that_never_ended_is_under_way_for_ever(log):
    log.order(1, "a"), log.patch(2, "a"), log.whole(500, 510, "b")
    assert most_at_once(log.restarts())[0] == 2


def test_the_hour_is_any_hour(log):
    for number in range(4):
        log.whole(20 * 60 * number + 10, 20 * 60 * number + 20, f"web-{number}")
    assert most_in(log.restarts(), 60 * MINUTE) == 3
    assert most_in(log.restarts(), 61 * MINUTE) == 4


def test_a_workload_that_is_restarted_within_its_cooldown_is_found(log):
    log.whole(10, 30, "a"), log.whole(60, 80, "a", attempt=2)
    assert too_soon(log.restarts(), MINUTE)
    assert not too_soon(log.restarts(), MINUTE / 2)


def test_the_same_patch_again_after_a_crash_is_the_same_restart(log):
    log.order(1, "a"), log.patch(2, "a"), log.patch(9, "a"), log.phase(20, "a", "Succeeded")
    assert len(log.restarts()) == 1
    log.patch(25, "a", stamp="another")
    assert len(log.restarts()) == 2


def test_what_a_killed_client_asked_for_may_have_been_stored(log):
    log.order(1, "a"), log.patch(2, "a", code=504), log.phase(8, "a", "Succeeded", code=504)
    (restart,) = log.restarts()
    assert restart.end == BEGAN + timedelta(seconds=8)


def test_what_was_refused_or_was_somebody_elses_is_no_restart(log):
    log.patch(2, "a", code=409), log.patch(3, "a", stamp="b", user="ann")
    assert log.restarts() == []


def test_any_other_write_to_a_workload_is_reported(log):
    log.add(5, "create", "pods", "a-1", {}, 201, "eviction")
    assert restarts_in([log.path], "shop")[1] == ["create /x/a-1"]
