"""Tells on the terminal what happens, as it happens."""

import sys
import time

from harness import resources

_COLOURS = {"Restart": "32", "Cured": "32", "Refuse": "31", "NotCured": "31", "Wait": "33", "Observe": "33"}


class Narrator:
    def __init__(self):
        self._colour = sys.stdout.isatty()
        self._start = time.monotonic()
        self._seen = 0

    def step(self, title):
        print("\n" + self._paint(title, "1"), flush=True)

    def line(self, text):
        print(f"  {text}", flush=True)

    def member(self, workload, about):
        self.line(f"{workload.kind:<22}{workload.name:<10} {about}")

    def follow(self, cast, operator, timeout):
        """Until every expected workload has a finished restart, or time is up. Returns {name: [restarts]}."""
        deadline = time.monotonic() + timeout
        told = time.monotonic()
        while time.monotonic() < deadline:
            if self._tell_news(cast, operator):
                told = time.monotonic()
            elif time.monotonic() - told > 10:
                waiting = ", ".join(sorted(set(cast.expected) - self._finished(cast)))
                self._event(f"... still waiting for: {waiting}")
                told = time.monotonic()
            if set(cast.expected) <= self._finished(cast):
                break
            time.sleep(0.3)
        return {name: cast.restarts(name) for name in cast.workloads}

    def verdict(self, cast, restarts):
        """The table; True when exactly the right workloads were cured, each by one restart."""
        self.step("7. How it ended")
        right = True
        print(f"  {'workload':<30}{'expected':<12}{'strategy':<17}{'new pods':<10}{'outcome':<12}")
        for name, workload in cast.workloads.items():
            mine = restarts[name]
            replaced = cast.replaced(workload)
            outcomes = ", ".join(resources.outcome(r) or resources.phase(r) for r in mine) or "-"
            strategies = ", ".join(r["spec"]["strategy"] for r in mine) or "-"
            if name in cast.expected:
                expected = "cured"
                good = outcomes == "Cured" and replaced == cast.expected[name]
            else:
                expected = "untouched"
                good = not mine and replaced == 0
            gap = cast.endpoints[name].fewest() < len(cast.first[name]) if name in cast.endpoints else False
            right = right and good and not gap
            mark = self._paint("as it should be", "32") if good and not gap else self._paint("WRONG", "31")
            print(f"  {workload.kind + ' ' + name:<30}{expected:<12}{strategies:<17}{replaced:<10}{outcomes:<12}{mark}")
        print()
        for name, watcher in cast.endpoints.items():
            self.line(f"the Service {name} had {len(cast.first[name])} ready endpoints, "
                      f"and never fewer than {watcher.fewest()} while its pods were replaced")
        print("\n  " + (self._paint("Exactly the right workloads were cured.", "32;1") if right
                        else self._paint("Something went wrong: see the table and the operator's log.", "31;1")))
        return right

    def commands(self, cluster, operator, cast):
        self.step("To look further (with --keep)")
        kubectl = f"{cluster.binaries / 'kubectl'} --kubeconfig {cluster.kubeconfig}"
        for command in (
            f"{kubectl} get workloadrestarts -A",
            f"{kubectl} get ctrp default -o yaml",
            f"{kubectl} -n {cast.space.name} get events.events.k8s.io",
            f"curl -s {operator.url}/metrics | grep ^remint_",
            f"less {operator.process.log}",
        ):
            self.line(command)

    # ------------------------------------------------------------------------------------------------

    def _finished(self, cast):
        return {
            name
            for name in cast.expected
            if any(resources.phase(r) in resources.FINAL_PHASES for r in cast.restarts(name))
        }

    def _tell_news(self, cast, operator):
        lines = operator.log_lines()
        news = lines[self._seen:]
        self._seen = len(lines)
        told = False
        for line in news:
            message = line.get("message") or line.get("msg")
            if message == "Decision":
                self._decision(cast, line)
                told = True
            elif message == "Restart step taken" and line.get("step") not in (None, "", "PatchTemplate"):
                self._detail("step", f"{line['workload']}: {line['act']}")
                told = True
            elif message == "Restart phase" and line.get("phase") in ("Verifying", "Succeeded", "Failed", "Cancelled"):
                self._phase(line)
                told = True
        return told

    def _decision(self, cast, line):
        verb = line["decision"]
        self._event(f"{self._paint(verb.upper(), _COLOURS.get(verb, '33'))}  {line['workload']}  "
                    f"({line['diagnosis']}, {round(float(line['confidence']) * 100)} % sure)")
        self._detail("why", line["reason"])
        for who in self._attribution(cast, line):
            self._detail("seen", who)

    def _attribution(self, cast, line):
        name = line["workload"].rpartition("/")[2]
        for restart in cast.restarts(name)[-1:] if name in cast.workloads else []:
            evidence = restart["spec"].get("evidence", [])
            yield from (e["text"] for e in evidence if e["text"].startswith("for pod"))
            yield from (e["text"] for e in evidence[-1:])

    def _phase(self, line):
        outcome = line.get("outcome") or line["phase"]
        self._event(f"{self._paint(outcome.upper(), _COLOURS.get(outcome, '36'))}  {line['workload']}")
        self._detail("", line.get("detail", ""))

    def _event(self, text):
        print(f"\n  {time.monotonic() - self._start:6.1f} s  {text}", flush=True)

    def _detail(self, label, text):
        if text:
            print(f"            {label:<5}{text}", flush=True)

    def _paint(self, text, code):
        return f"\033[{code}m{text}\033[0m" if self._colour else text
