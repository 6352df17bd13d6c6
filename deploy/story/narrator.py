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
        self.line(f"{workload.kind:<12}{workload.name:<10} {about}")

    def follow(self, cast, operator, timeout):
        """Until every expected workload has a finished restart, or time is up. Returns {name: [restarts]}."""
        deadline = time.monotonic() + timeout
        told = time.monotonic()
        while time.monotonic() < deadline:
            if self._tell_news(cast, operator):
                told = time.monotonic()
            elif time.monotonic() - told > 10:
                waiting = ", ".join(sorted(cast.expected - self._finished(cast)))
                self._event(f"... still waiting for: {waiting}")
                told = time.monotonic()
            if cast.expected <= self._finished(cast):
                break
            time.sleep(0.3)
        return {name: resources.restarts_of(workload) for name, workload in cast.workloads.items()}

    def verdict(self, cast, restarts):
        """The table; True when exactly the right workloads were cured, each by one restart."""
        self.step("7. How it ended")
        right = True
        print(f"  {'workload':<24}{'expected':<12}{'restarts':<10}{'outcome':<12}")
        for name, workload in cast.workloads.items():
            mine = restarts[name]
            stamps = len(workload.restarts())
            outcomes = ", ".join(resources.outcome(r) or resources.phase(r) for r in mine) or "-"
            expected = "cured" if name in cast.expected else "untouched"
            good = (outcomes == "Cured" and stamps == 1) if name in cast.expected else (not mine and stamps == 0)
            right = right and good
            mark = self._paint("as it should be", "32") if good else self._paint("WRONG", "31")
            print(f"  {workload.kind + ' ' + name:<24}{expected:<12}{stamps:<10}{outcomes:<12}{mark}")
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
            if any(resources.phase(r) in resources.FINAL_PHASES for r in resources.restarts_of(cast.workloads[name]))
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
        workload = cast.workloads.get(name)
        for restart in resources.restarts_of(workload)[-1:] if workload else []:
            for evidence in restart["spec"].get("evidence", [])[-1:]:
                yield evidence["text"]

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
