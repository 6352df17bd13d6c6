"""No audit webhook, no file: somebody ships what the API server writes. A real shipper, and documented payloads."""

import http.client
import itertools
import json
import ssl
import threading

import pytest

from harness import envelopes, shipper, wait_until
from harness.expect import cured_by_one_restart
from harness.resources import short_spec
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint

BATCHES = "remint_audit_batches_total"
LINES = "remint_apiserver_log_lines_total"
UNWRAPPED = "remint_audit_events_unwrapped_total"
PATIENT = ("--lease-duration", "300s")


@pytest.fixture
def told_by_shippers(remint_cluster, space, policies, operators):
    """An operator that the API server itself tells nothing, and an Enforce policy for one namespace."""
    policies.put(space.name, short_spec([space.name]))
    operator = operators(remint_cluster, hears=False, flags=PATIENT)
    operator.wait_leading()
    return remint_cluster, space, operator


def test_a_real_shipper_sends_both_logs_and_the_right_workload_is_restarted_for_the_right_reason(told_by_shippers):
    folder, why_not = shipper.fetch()
    if folder is None:
        pytest.skip(f"NO LOG SHIPPER TO TEST WITH: {why_not.upper()}")
    cluster, space, operator = told_by_shippers
    web = space.deployment("web", replicas=1)
    other = space.deployment("other", replicas=1)
    with shipper.Shipper(folder, cluster, operator):
        wait_until(lambda: operator.metrics().sum(UNWRAPPED) > 0, 30, "the shipper's first events")
        with WorkloadSimulator(web, cluster.minter.expired), WorkloadSimulator(other, cluster.minter.valid):
            restart = cured_by_one_restart(web)
        assert restart["spec"]["diagnosis"] == "Expired"
        assert other.restarts() == []
        assert operator.metrics().sum(LINES, result="reason") > 0
        assert operator.metrics().sum(BATCHES) == operator.metrics().sum(BATCHES, result="queued")


class Postman:
    """Posts what the API server adds to its audit log, each time in the next one of the envelopes."""

    def __init__(self, cluster, operator):
        client = cluster.authority.client("postman", "postman", [])
        self._context = ssl.create_default_context(cafile=cluster.authority.cert)
        self._context.load_cert_chain(client.cert, client.key)
        self._port = operator.audit_port
        self._log = open(cluster.apiserver.audit_log, encoding="utf-8")
        self._log.seek(0, 2)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.answers = {}  # envelope -> statuses
        self.error = None

    def post(self, path, body):
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=20, context=self._context)
        connection.request("POST", path, body=body.encode(), headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def _run(self):
        rest = ""
        try:
            for form in itertools.cycle(envelopes.ALL):
                if self._stop.wait(0.2):
                    return
                *lines, rest = (rest + self._log.read()).split("\n")
                if lines:
                    self.answers.setdefault(form.__name__, set()).add(self.post("/audit", form(lines))[0])
        except Exception as error:  # told at the end
            self.error = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(30)
        self._log.close()


def test_every_documented_envelope_is_taken_and_the_right_workload_is_restarted(told_by_shippers):
    cluster, space, operator = told_by_shippers
    web = space.deployment("web", replicas=1)
    other = space.deployment("other", replicas=1)
    with Postman(cluster, operator) as postman:
        with WorkloadSimulator(web, cluster.minter.expired), WorkloadSimulator(other, cluster.minter.valid):
            cured_by_one_restart(web)
            wait_until(lambda: len(postman.answers) == len(envelopes.ALL), 30, "each envelope to be posted")
        status, text = postman.post("/audit", envelopes.firehose([]))
        assert status == 200 and json.loads(text)["requestId"] == "ed4acda5"
        status, text = postman.post("/audit", json.dumps({"records": [{"data": "no base64!"}]}))
        assert status == 400 and "base64" in text
    assert postman.error is None
    assert all(statuses == {200} for statuses in postman.answers.values()), postman.answers
    assert other.restarts() == []
