"""What a policy cannot say: the API server refuses it, names the field, and says what to write instead."""

import json

import pytest
import yaml
from kubernetes.client.exceptions import ApiException

from harness.resources import CLUSTER_POLICY, GROUP, POLICY, VERSION, Policies, cluster_policy, kubectl

pytestmark = pytest.mark.remint

WINDOW = {"days": ["Mon"], "start": "02:00", "end": "05:00", "timeZone": "Europe/Berlin"}
BLACKOUT = {"from": "2026-12-24", "to": "2026-12-27"}
CLOCK, DATE, ZONE = "such as 02:00", "such as 2026-12-24", "such as Europe/Berlin"
DAYS = '"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"'
ONE_TO_100, TO_100 = ("greater than or equal to 1", "less than or equal to 100"), "less than or equal to 100"


def windows(**window):
    return {"windows": [WINDOW | window]}


def blackouts(**blackout):
    return {"blackouts": [BLACKOUT | blackout]}


MAPPING = "spec.signals.kubernetesEvent.mappings[0]"


def signals(name, **signal):
    return {"signals": {name: signal}}


def mapping(**fields):
    return signals("kubernetesEvent", mappings=[{"pattern": "Unauthorized"} | fields])


# what is refused -> (spec, its field, what is said)
BAD = {
    "a mode that there is not": ({"mode": "Ask"}, "spec.mode", '"Observe", "Approve", "Enforce"'),
    "suspend in a word": ({"suspend": "yes"}, "spec.suspend", "boolean"),
    "a day in full": (windows(days=["Monday"]), "spec.windows[0].days[0]", DAYS),
    "a day in small letters": (windows(days=["mon"]), "spec.windows[0].days[0]", DAYS),
    "a day in German": (windows(days=["Mit"]), "spec.windows[0].days[0]", DAYS),
    "a day twice": (windows(days=["Mon", "Mon"]), "spec.windows[0].days", "Duplicate"),
    "no day": (windows(days=[]), "spec.windows[0].days", "at least 1"),
    "a time of one digit": (windows(start="2:00"), "spec.windows[0].start", CLOCK),
    "a time in the afternoon": (windows(start="02:00 PM"), "spec.windows[0].start", CLOCK),
    "a time with seconds": (windows(end="05:00:00"), "spec.windows[0].end", CLOCK),
    "a start at 24:00": (windows(start="24:00"), "spec.windows[0].start", "23:59"),
    "an end after 24:00": (windows(end="25:00"), "spec.windows[0].end", CLOCK),
    "minutes that there are not": (windows(end="05:60"), "spec.windows[0].end", CLOCK),
    "a window of no length": (windows(start="05:00"), "spec.windows[0]", "start 00:00 and end 24:00"),
    "a time zone with a blank": (windows(timeZone="Central European Time"), "spec.windows[0].timeZone", ZONE),
    "a time zone that is a path": (windows(timeZone="../../etc/passwd"), "spec.windows[0].timeZone", ZONE),
    "too many windows": ({"windows": [WINDOW] * 21}, "spec.windows", "at most 20"),
    "a date in German": (blackouts(to="27.12.2026"), "spec.blackouts[0].to", DATE),
    "a day that is in no month": (blackouts(to="2026-12-32"), "spec.blackouts[0].to", DATE),
    "a 29th of February of another year": (blackouts(**{"from": "2026-02-29"}), "spec.blackouts[0].from", DATE),
    "a blackout that ends before it begins": (blackouts(to="2026-12-23"), "spec.blackouts[0]", "write the earlier day as from"),
    "a blackout without an end": ({"blackouts": [{"from": "2026-12-24"}]}, "spec.blackouts[0].to", "Required"),
    "a blackout's time zone": (blackouts(timeZone="Berlin!"), "spec.blackouts[0].timeZone", ZONE),
    "a pattern that is too long": (signals("podLog", patterns=["x" * 513]), "spec.signals.podLog.patterns[0]", "512"),
    "too many patterns": (signals("podLog", patterns=["x"] * 31), "spec.signals.podLog.patterns", "at most 30"),
    "an Event that accuses a node": (mapping(accuses="Node"), f"{MAPPING}.accuses", '"InvolvedPod", "DaemonSetOnNode"'),
    "an Event's DaemonSet without a name": (mapping(accuses="DaemonSetOnNode", namespace="kube-system"), MAPPING, "needs both"),
    "an Event's DaemonSet where none is accused": (mapping(name="cni"), MAPPING, "for accuses DaemonSetOnNode"),
    "urgentBefore in days": ({"urgentBefore": "3d"}, "spec.urgentBefore", "such as 72h"),
    "urgentBefore in words": ({"urgentBefore": "three days"}, "spec.urgentBefore", "such as 72h"),
    "urgentBefore below 0": ({"urgentBefore": "-1h"}, "spec.urgentBefore", "such as 72h"),
    "urgentBefore after a year": ({"urgentBefore": "9000h"}, "spec.urgentBefore", "such as 72h"),
    "a share above all": ({"limits": {"maxWorkloadsPercent": 101}}, "spec.limits.maxWorkloadsPercent", TO_100),
    "a share of nothing": ({"limits": {"maxWorkloadsPercent": 0}}, "spec.limits.maxWorkloadsPercent", ONE_TO_100[0]),
    "a share with its sign": ({"limits": {"maxNamespacePercent": "10%"}}, "spec.limits.maxNamespacePercent", "integer"),
    "none at once of a budget": ({"limits": {"maxConcurrentPerBudget": 0}}, "spec.limits.maxConcurrentPerBudget", ONE_TO_100[0]),
    "a spread above all": ({"limits": {"spreadPercent": 120}}, "spec.limits.spreadPercent", TO_100),
    "a storm of more than all": ({"storm": {"percent": 150}}, "spec.storm.percent", TO_100),
    "a storm of no workload": ({"storm": {"minWorkloads": 0}}, "spec.storm.minWorkloads", ONE_TO_100[0]),
    "a storm within no time": ({"storm": {"within": "0s"}}, "spec.storm.within", "such as 10m"),
    "a storm within a while": ({"storm": {"within": "a while"}}, "spec.storm.within", "such as 10m"),
    "a storm that waits": ({"storm": {"then": "Wait"}}, "spec.storm.then", '"Ask", "Pace"'),
    "a pace that is none": ({"storm": {"pace": "0s"}}, "spec.storm.pace", "such as 1m"),
    "a pace without a unit": ({"storm": {"pace": "60"}}, "spec.storm.pace", "such as 1m"),
    "approval at once": ({"approval": {"expiresAfter": "1s"}}, "spec.approval.expiresAfter", "such as 24h"),
    "approval in days": ({"approval": {"expiresAfter": "1d"}}, "spec.approval.expiresAfter", "such as 24h"),
    "failures below 0": ({"breaker": {"policyFailures": -1}}, "spec.breaker.policyFailures", "greater than or equal to 0"),
}


def refusal(create):
    """The API server's messages, or "" when it took it."""
    try:
        create()
    except ApiException as error:
        assert error.status == 422, error
        return json.loads(error.body)["message"]
    return ""


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_policy_is_refused_with_what_to_write_instead(remint_cluster, bad):
    spec, field, said = BAD[bad]
    custom, body = remint_cluster.custom(), cluster_policy("bad", spec)
    told = refusal(lambda: custom.create_cluster_custom_object(GROUP, VERSION, CLUSTER_POLICY, body))
    assert field in told and said in told, told


@pytest.mark.parametrize("bad", BAD)
def test_a_namespaces_policy_is_refused_for_the_same(remint_cluster, bad):
    spec, field, said = BAD[bad]
    about = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "TokenRefreshPolicy", "metadata": {"name": "bad"}}
    body = about | {"spec": spec}
    custom = remint_cluster.custom()
    told = refusal(lambda: custom.create_namespaced_custom_object(GROUP, VERSION, "default", POLICY, body))
    assert field in told and said in told, told


@pytest.mark.parametrize("field, spec", {
    "maxWorkloadPercent": {"limits": {"maxWorkloadPercent": 5}},
    "window": {"window": [WINDOW]},
    "timezone": windows(timezone="UTC"),
    "until": blackouts(until="2026-12-27"),
    "urgent": {"urgent": "72h"},
    "action": {"storm": {"action": "Ask"}},
    "expires": {"approval": {"expires": "24h"}},
}.items())  # fmt: skip
def test_a_mistyped_field_is_not_taken_for_no_limit(remint_cluster, field, spec):
    """kubectl asks for strict validation; what is applied otherwise loses the field, and keeps the default."""
    with pytest.raises(RuntimeError, match=f'unknown field "spec.*{field}"'):
        kubectl(remint_cluster, "create", "-f", "-", stdin=yaml.safe_dump(cluster_policy("bad", spec)))


@pytest.fixture
def in_force(remint_cluster, operators):
    operators(remint_cluster).wait_leading()
    policies = Policies(remint_cluster)
    yield policies
    policies.delete()


@pytest.mark.parametrize("spec, field", [
    (windows(timeZone="Europe/Atlantis"), "spec.windows[0].timeZone"),
    (blackouts(timeZone="Mars/Olympus"), "spec.blackouts[0].timeZone"),
], ids=["window", "blackout"])  # fmt: skip
def test_a_time_zone_that_no_database_knows_is_shown_in_the_policys_status(in_force, spec, field):
    in_force.put("atlantis", spec)
    condition = in_force.wait_condition("atlantis", "Ready", "False")
    zone = (spec.get("windows") or spec.get("blackouts"))[0]["timeZone"]
    assert condition["reason"] == "Invalid"
    assert field in condition["message"] and zone in condition["message"], condition
    in_force.put("atlantis", windows())
    in_force.wait_condition("atlantis", "Ready", "True")


@pytest.mark.parametrize("spec, field", [
    (signals("podLog", patterns=["fine", "("]), "spec.signals.podLog.patterns[1]"),
    (mapping(pattern="x*"), f"{MAPPING}.pattern"),
], ids=["podLog", "kubernetesEvent"])  # fmt: skip
def test_a_pattern_that_re2_refuses_is_shown_in_the_policys_status(in_force, spec, field):
    in_force.put("patterns", spec)
    condition = in_force.wait_condition("patterns", "Ready", "False")
    assert condition["reason"] == "Invalid"
    assert field in condition["message"]
