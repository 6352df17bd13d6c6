"""The story that deploy/try tells: a real control plane, a cast of workloads, and Remint."""

import argparse
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "cluster"))

from cast import Cast  # noqa: E402
from narrator import Narrator  # noqa: E402
from recorder import Recorder  # noqa: E402

from harness import BinariesMissing, Cluster, ClusterOptions, binaries, resources  # noqa: E402
from harness.remint import Operator  # noqa: E402

POLICY = "default"


def main():
    arguments = parse()
    # An end by SIGTERM is an end like any other: the context managers clean up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        folder = binaries.folder()
    except BinariesMissing as error:
        print(f"\n{error}\n\nOr see the same story from a recording, without a cluster:\n\n    deploy/try --recording\n")
        return 3
    say = Narrator()
    with Cluster(folder, ClusterOptions(nodes=2)) as cluster:
        say.line(f"etcd, API server, controller manager, scheduler and kwok are up; the API server is {cluster.apiserver.url}")
        return play(cluster, say, arguments)


def parse():
    parser = argparse.ArgumentParser(prog="deploy/try")
    parser.add_argument("--remint", required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--record", type=Path)
    return parser.parse_args()


def play(cluster, say, arguments):
    say.step("4. Remint, with a policy that lets it act")
    resources.install(cluster)
    recorder = Recorder(cluster).start() if arguments.record else None
    policy = resources.cluster_policy(POLICY, story_spec())
    resources.apply(cluster, [policy])
    log = ("--apiserver-log", cluster.apiserver.process.log)
    with Operator(cluster, name="remint", binary=arguments.remint, flags=log) as operator:
        operator.wait_leading()
        say.line(f"`remint run` is ready and holds the lease; metrics at {operator.url}/metrics")

        say.step("5. The cast")
        with Cast(cluster, say) as cast:
            say.step("6. What happens")
            cured = say.follow(cast, operator, timeout=240)
            time.sleep(5)  # the last statuses, and time for a wrong restart to show
            right = say.verdict(cast, cured)
            say.commands(cluster, operator, cast)
            if recorder:
                recorder.save(arguments.record, cluster, policy)
                say.line(f"recorded into {arguments.record}")
            if arguments.keep:
                say.step("Everything is left running: Ctrl-C ends it")
                try:
                    signal.pause()
                except KeyboardInterrupt:
                    pass
    return 0 if right else 1


def story_spec():
    """The defaults, but impatient: a story should not take an hour. In so small a cluster a few are more than a tenth."""
    return {
        "mode": "Enforce",
        "signals": {
            "staleToken": {"enabled": True, "after": "1h"},
            "rejectedToken": {"enabled": True, "count": 3, "within": "30s", "for": "3s"},
        },
        "limits": {"cooldown": "30m", "maxPerHour": 20, "maxConcurrent": 4, "maxWorkloadsPercent": 100},
        "storm": {"percent": 0},
        "strategies": {"ReplicationController": [{"type": "RollingReplace", "updatePeriod": "1s"}, {"type": "ScaleToZero"}]},
        "verification": {"observe": "20s"},
    }


if __name__ == "__main__":
    sys.exit(main())
