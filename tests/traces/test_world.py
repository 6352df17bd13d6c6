#!/usr/bin/env python3
"""The simulated cluster keeps its own rules: what is judged by it may rely on them."""

import gzip
import json
import re
import tempfile
import unittest
from pathlib import Path

import incidents  # noqa: F401 (registers them)
from world.chance import Chance
from world.disorder import Disorder, disturb
from world.incident import CLASSES, INCIDENTS, simulate, write
from world.moments import micros, parse
from world.network import NodeAddresses
from world.tokens import HOUR
from world.trust import LEEWAY

SAMPLE = [
    "one_dead_deployment",
    "many_at_once",
    "one_dead_replica",
    "two_api_servers",
    "nat_distinct_agents",
    "nat_mixed_reasons",
    "cold_nat",
    "rolling_updates_with_addresses",
]


def read_events(path):
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


class Written:
    """An incident as its files tell it."""

    def __init__(self, folder):
        self.folder = folder
        self.events = [event for path in sorted(folder.glob("audit*.gz")) for event in read_events(path)]
        self.objects = [json.loads(line) for line in (folder / "objects.jsonl").read_text().splitlines()]
        self.truth = json.loads((folder / "truth.json").read_text())

    def refused(self):
        return [event for event in self.events if event["responseStatus"]["code"] == 401]

    def log_lines(self, suffix=""):
        return (self.folder / f"apiserver{suffix}.log").read_text().splitlines()


class WrittenIncidents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.all = {}
        for name in SAMPLE:
            folder = Path(cls.scratch.name) / name
            write(INCIDENTS[name], 1, folder)
            cls.all[name] = Written(folder)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(self):
        again = Path(self.scratch.name) / "again"
        write(INCIDENTS["nat_mixed_reasons"], 1, again)
        for path in self.all["nat_mixed_reasons"].folder.iterdir():
            self.assertEqual(path.read_bytes(), (again / path.name).read_bytes(), path.name)
        write(INCIDENTS["nat_mixed_reasons"], 2, again)
        self.assertNotEqual(
            (self.all["nat_mixed_reasons"].folder / "audit.jsonl.gz").read_bytes(),
            (again / "audit.jsonl.gz").read_bytes(),
        )

    def test_size(self):
        for name, written in self.all.items():
            self.assertTrue(1_000 <= len(written.events) <= 20_000, f"{name}: {len(written.events)} events")

    def test_every_claim_is_about_something_that_exists_and_fails(self):
        for name, written in self.all.items():
            known = {
                (o["object"]["kind"], o["object"]["metadata"]["name"], o["object"]["metadata"]["uid"])
                for o in written.objects
            }
            self.assertTrue(written.truth["workloads"], name)
            for claim in written.truth["workloads"]:
                self.assertIn((claim["kind"], claim["name"], claim["uid"]), known, name)
                self.assertTrue(claim["pods"], name)
                for pod in claim["pods"]:
                    self.assertTrue(any(k == "Pod" and n == pod for k, n, _ in known), f"{name}: {pod}")
                for mode in ("withLog", "withoutLog"):
                    self.assertIn(claim[mode]["verdict"], ("must", "may", "refuse", "never"))
                if claim["first401"]:
                    self.assertTrue(written.truth["start"] <= claim["first401"] <= written.truth["end"], name)

    def test_a_failed_authentication_is_one_event_without_user_or_reason(self):
        for name, written in self.all.items():
            refused = written.refused()
            self.assertTrue(refused, name)
            self.assertEqual(len({event["auditID"] for event in refused}), len(refused), name)
            for event in refused:
                self.assertEqual((event["stage"], event["user"]), ("ResponseStarted", {}))
                self.assertNotIn("annotations", event)
                window = micros(parse(event["stageTimestamp"])) - micros(parse(event["requestReceivedTimestamp"]))
                self.assertTrue(95 <= window <= 1505, window)

    def test_a_watch_is_two_events_of_one_request(self):
        written = self.all["nat_distinct_agents"]
        watches = {}
        for event in written.events:
            if event["verb"] == "watch" and event["user"]:
                watches.setdefault(event["auditID"], []).append(event)
        ended = [pair for pair in watches.values() if len(pair) == 2]
        self.assertTrue(ended)
        for started, complete in ended:
            self.assertEqual((started["stage"], complete["stage"]), ("ResponseStarted", "ResponseComplete"))
            self.assertEqual(started["requestReceivedTimestamp"], complete["requestReceivedTimestamp"])
            self.assertGreater(complete["stageTimestamp"], started["stageTimestamp"])

    def test_nobody_asks_before_it_started_or_under_a_stranger_s_uid(self):
        for name, written in self.all.items():
            started = {}
            for entry in written.objects:
                obj = entry["object"]
                if obj["kind"] == "Pod" and "startTime" in obj["status"]:
                    started[obj["metadata"]["uid"]] = parse(obj["status"]["startTime"])
            for event in written.events:
                extra = event["user"].get("extra", {})
                for uid in extra.get("authentication.kubernetes.io/pod-uid", []):
                    self.assertGreater(parse(event["requestReceivedTimestamp"]), started[uid], name)

    def test_a_log_line_lies_in_its_event_s_window(self):
        written = self.all["one_dead_deployment"]
        windows = sorted((event["requestReceivedTimestamp"], event["stageTimestamp"]) for event in written.refused())
        lines = [line for line in written.log_lines() if "Unable to authenticate" in line]
        self.assertEqual(len(lines), len(windows))
        year = written.truth["start"][:4]
        for line in lines:
            month, day, clock = re.match(r"E(\d\d)(\d\d) (\S+) ", line).groups()
            at = f"{year}-{month}-{day}T{clock}Z"
            self.assertTrue(any(begin <= at <= end for begin, end in windows), line)

    def test_wordings_and_formats_of_the_log(self):
        self.assertIn(
            'err="[invalid bearer token, service account token has expired]"', self._failure("one_dead_deployment")
        )
        self.assertIn("due to an error: [invalid bearer token, Token has expired.]", self._failure("one_dead_replica"))
        self.assertEqual(
            json.loads(self._failure("many_at_once"))["err"],
            "[invalid bearer token, service account token has expired]",
        )
        http = [line for line in self.all["nat_mixed_reasons"].log_lines() if "httplog.go" in line]
        refused = {event["auditID"] for event in self.all["nat_mixed_reasons"].refused()}
        self.assertEqual({re.search(r'audit-ID="(\S+)"', line).group(1) for line in http}, refused)

    def _failure(self, name):
        return next(line for line in self.all[name].log_lines() if "Unable to authenticate" in line)

    def test_two_api_servers_keep_two_records(self):
        written = self.all["two_api_servers"]
        for suffix in ("-0", "-1"):
            refused = [
                event
                for event in read_events(written.folder / f"audit{suffix}.jsonl.gz")
                if event["responseStatus"]["code"] == 401
            ]
            lines = [line for line in written.log_lines(suffix) if "Unable to authenticate" in line]
            self.assertEqual(len(refused), len(lines))

    def test_a_cold_start_knows_nothing_of_before(self):
        written = self.all["cold_nat"]
        heard = parse(written.truth["failure"]) + 20
        self.assertGreaterEqual(min(parse(event["stageTimestamp"]) for event in written.events), heard)
        self.assertGreaterEqual(min(parse(entry["time"]) for entry in written.objects), heard - 1e-3)

    def test_objects_are_in_order_and_owners_exist(self):
        for name, written in self.all.items():
            times = [entry["time"] for entry in written.objects]
            self.assertEqual(times, sorted(times), name)
            uids = {entry["object"]["metadata"]["uid"] for entry in written.objects}
            for entry in written.objects:
                for owner in entry["object"]["metadata"].get("ownerReferences", []):
                    self.assertIn(owner["uid"], uids, name)


class Registry(unittest.TestCase):
    def test_every_incident_has_a_class_and_a_sentence(self):
        for incident in INCIDENTS.values():
            self.assertIn(incident.kind, CLASSES)
            self.assertGreater(len(incident.sentence), 40)


class Behaviour(unittest.TestCase):
    """Of tokens and programs, against the facts."""

    def test_a_token_that_is_not_extended_dies_after_its_life_and_the_leeway(self):
        cluster, _ = simulate(INCIDENTS["one_dead_deployment"], 3)
        cashier = next(workload for workload in cluster.workloads if workload.name == "cashier")
        for pod in cashier.pods:
            self.assertGreater(pod.rejections[0] - pod.started, HOUR + LEEWAY)
            self.assertLess(pod.rejections[0] - pod.started, HOUR + LEEWAY + 30)
            self.assertLess(max(pod.successes), pod.rejections[0])

    def test_healing_clients_heal(self):
        cluster, truth = simulate(INCIDENTS["clients_that_heal"], 3)
        self.assertEqual(truth.told(cluster), [])
        failing = [pod for workload in cluster.workloads for pod in workload.pods if pod.rejections]
        self.assertGreater(len(failing), 6)
        for pod in failing:
            self.assertLessEqual(len(pod.rejections), 4)
            self.assertGreater(max(pod.successes), pod.rejections[-1])

    def test_behind_nat_pods_show_their_nodes(self):
        cluster, _ = simulate(INCIDENTS["nat_distinct_agents"], 3)
        self.assertIsInstance(cluster.network, NodeAddresses)
        nodes = {node.ip for node in cluster.nodes}
        seen = {event["sourceIPs"][-1] for _, event, _ in cluster.api.events if event["user"].get("extra")}
        self.assertTrue(seen <= nodes)

    def test_an_open_watch_outlives_its_token(self):
        cluster, _ = simulate(INCIDENTS["quiet_watchers_with_addresses"], 3)
        owl = next(workload for workload in cluster.workloads if workload.name == "owl")
        expired = owl.pods[0].file.first().expires + LEEWAY
        self.assertGreater(owl.pods[0].rejections[0], expired)

    def test_one_credential_until_the_kubelet_renews_and_the_program_reads(self):
        cluster, _ = simulate(INCIDENTS["not_reloading_short_tokens"], 3)
        for name, credentials in (("magpie", 1), ("robin", 2)):
            shown = {}
            for _, event, _ in cluster.api.events:
                extra = event["user"].get("extra", {})
                pod = extra.get("authentication.kubernetes.io/pod-name", [""])[0]
                if pod.startswith(name):
                    shown.setdefault(pod, set()).add(extra["authentication.kubernetes.io/credential-id"][0])
            self.assertEqual(len(shown), 2)
            for jtis in shown.values():
                self.assertGreaterEqual(len(jtis), credentials)
                self.assertLessEqual(len(jtis), credentials + 1 if name == "robin" else 1)

    def test_disorder_loses_doubles_and_delays(self):
        events = [(micros(i), {"auditID": i}) for i in range(10_000)]
        arrived = [event["auditID"] for event in disturb(events, Disorder(0.3, 20, 0.1, 0.1), Chance("x"))]
        self.assertAlmostEqual(len(set(arrived)) / 10_000, 0.9, delta=0.02)
        self.assertAlmostEqual(len(arrived) / len(set(arrived)), 1.1, delta=0.02)
        self.assertNotEqual(arrived, sorted(arrived))
        self.assertLess(max(abs(later - earlier) for earlier, later in zip(arrived, arrived[1:])), 45)


if __name__ == "__main__":
    unittest.main()
