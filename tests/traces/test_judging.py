#!/usr/bin/env python3
"""The scorer counts what it says it counts."""

import unittest

from judging.verdict import judge
from world.moments import micros, stamp


class Judgement(unittest.TestCase):
    def _truth(self, verdict, **more):
        claim = {
            "namespace": "shop",
            "kind": "Deployment",
            "name": "cashier",
            "uid": "u",
            "pods": ["p"],
            "before": None,
            "first401": stamp(micros(1000)),
            "since": stamp(micros(1000)),
            "by": ["Restart"],
            "withLog": {"verdict": verdict, "diagnoses": ["Expired"]},
            "withoutLog": {"verdict": verdict, "diagnoses": ["Unknown"]},
        }
        return {"incident": "x", "class": "pod addresses", "seed": 1, "log": True, "workloads": [claim | more]}

    def _decision(self, seconds=1030, uid="u", decision="Restart"):
        return {
            "time": stamp(micros(seconds)),
            "workload": {"kind": "Deployment", "namespace": "shop", "name": "n", "uid": uid},
            "diagnosis": "Expired",
            "confidence": 0.97,
            "decision": decision,
        }

    def test_named_missed_and_accused(self):
        verdict = judge(self._truth("must"), [self._decision(), self._decision(uid="other")], True)
        self.assertEqual((len(verdict.named), len(verdict.false), verdict.delays), (1, 1, [30.0]))
        self.assertEqual(verdict.diagnosed, [(True, "Expired", "Expired")])
        self.assertEqual(judge(self._truth("must"), [self._decision()], False).diagnosed[0][0], False)
        self.assertEqual(len(judge(self._truth("must"), [], True).missed), 1)
        self.assertEqual(len(judge(self._truth("must"), [self._decision(decision="Wait")], True).missed), 1)

    def test_too_early_accuses_and_too_late_misses(self):
        early = judge(self._truth("must"), [self._decision(900)], True)
        self.assertEqual((len(early.false), len(early.missed)), (1, 1))
        late = judge(self._truth("must", before=stamp(micros(1010))), [self._decision()], True)
        self.assertEqual((len(late.false), len(late.missed)), (0, 1))

    def test_a_guess_and_a_useless_restart_accuse(self):
        for word in ("refuse", "never"):
            self.assertEqual(len(judge(self._truth(word), [self._decision()], True).false), 1)
            self.assertEqual(judge(self._truth(word), [self._decision(decision="Refuse")], True).spared, 1)


if __name__ == "__main__":
    unittest.main()
