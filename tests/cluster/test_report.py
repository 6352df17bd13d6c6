"""`remint report` of a running operator: who is broken and who will be, worst first, and what a follower answers."""

import json
import urllib.error
import urllib.request

import pytest

from harness import wait_until
from harness.commands import Commands, refused, succeeded
from harness.resources import short_spec
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint

MONTH = 30 * 24 * 3600


def agent(name):
    return f"{name}/v1.4.2 (linux/amd64) kubernetes/$Format"


def test_a_broken_and_a_stale_workload_are_reported_worst_first(remint_cluster, space, policies, operators):
    policies.put(space.name, short_spec([space.name]) | {"mode": "Observe"})
    operator = operators(remint_cluster)
    operator.wait_leading()
    minter = remint_cluster.minter
    # The one that is merely stale is the older case: it must come second all the same.
    reports, web = space.deployment("reports", replicas=1), space.deployment("web", replicas=2)
    remint = Commands(remint_cluster)

    def asked(*arguments):
        return succeeded(remint("report", "--url", f"{operator.url}/report", *arguments))

    def rows():
        return [w for w in json.loads(asked("-o", "json"))["workloads"] if w["workload"]["namespace"] == space.name]

    with WorkloadSimulator(reports, lambda holder: minter.stale(holder, seconds=MONTH), user_agent=agent("reports")):
        wait_until(lambda: [w["workload"]["name"] for w in rows()] == ["reports"], 60, "the stale one is reported")
        assert operator.metrics().sum("remint_workloads_at_risk", diagnosis="StaleToken") >= 1
        assert operator.metrics().sum("remint_next_break_seconds") > MONTH
        with WorkloadSimulator(web, minter.expired, user_agent="OpenAPI-Generator/11.0.0/python"):
            wait_until(lambda: [w["affectedPods"] for w in rows()] == [2, 1], 60, "the broken one is reported before it")
            wait_until(lambda: rows()[0]["decision"] == "Observe", 60, "it is clear enough for the policy")
            broken, stale = rows()
            text, page = asked(), asked("-o", "html")

    assert (broken["state"], broken["workload"]["name"], broken["replicas"]) == ("Broken", "web", 2)
    assert broken["client"]["version"] == "11.0.0" and broken["client"]["minimumVersion"] == "12.0.0"
    assert broken["client"]["reReadsToken"] == "no" and "12.0.0" in broken["fix"]
    assert broken["decision"] == "Observe" and broken["plan"].startswith("Only reports"), broken["plan"]
    assert (stale["state"], stale["diagnosis"]) == ("WillBreak", "StaleToken")
    assert stale["client"]["library"] == "client-go" and "v0.15.0" in stale["client"]["minimumVersion"]
    assert stale["breaksAt"] > stale["since"]
    assert "no API-server log: diagnoses are Unknown" in text and "only reports" in text, text
    assert page.startswith("<!doctype html>") and "web" in page


def test_a_follower_says_who_leads_instead(remint_cluster, space, operators):
    leader = operators(remint_cluster)
    leader.wait_leading()
    other = operators(remint_cluster, name="remint-1")
    wait_until(other.alive, 30, "the other one serves")
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(f"{other.url}/report", timeout=10)
    assert answer.value.code == 421
    refused(Commands(remint_cluster)("report", "--url", f"{other.url}/report"), 1, f"{leader.name} does")
