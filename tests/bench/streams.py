#!/usr/bin/env python3
"""What pods' logs that are followed cost: memory, threads, files and CPU time of a process that follows so many and does nothing else.

The logs are served by another process over TLS on loopback (log_server.py). Each row is a number of streams and of lines a second in
each of them; ratios are to the row with the default number of streams and as many lines, and what one more stream takes is told from
the row with the fewest. The medians of the rounds are printed.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

DEFAULT_STREAMS = 50
STREAMS = (1, DEFAULT_STREAMS, 500)
RATES = (0, 1, 10)
PATIENCE_SECONDS = 60
HERE = pathlib.Path(__file__).parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--client", required=True, help="remint_bench_streams")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8, help="of each row")
    parser.add_argument("--streams", type=int, nargs="*", default=STREAMS)
    arguments = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(folder)
        for _ in range(arguments.rounds):
            for streams in arguments.streams:
                for rate, row in one_client(arguments.client, streams, arguments.seconds, certificate, key):
                    rows.setdefault((streams, rate), []).append(row)
    middle = {at: {name: statistics.median(row[name] for row in found) for name in found[0]} for at, found in rows.items()}
    print(f"{'streams':>7} {'lines/s':>8} {'read/s':>7} {'lost':>5} {'RSS MB':>7} {'peak MB':>8} {'KB each':>8} {'threads':>8} "
          f"{'files':>6} {'CPU s/min':>10} {'RSS x':>6} {'CPU x':>6}")
    for (streams, rate), row in middle.items():
        usual = middle.get((DEFAULT_STREAMS, rate), row)
        fewest = min(arguments.streams)
        each = (row["resident"] - middle[fewest, rate]["resident"]) * 1024 / max(streams - fewest, 1)
        print(f"{streams:>7} {streams * rate:>8} {row['read']:>7.0f} {row['lost']:>5.0f} {row['resident']:>7.1f} {row['peak']:>8.1f} "
              f"{each:>8.0f} {row['threads']:>8.0f} {row['files']:>6.0f} {row['cpu']:>10.2f} "
              f"{row['resident'] / usual['resident']:>6.2f} {row['cpu'] / max(usual['cpu'], 0.01):>6.2f}")
    if any(row["lost"] for row in middle.values()):
        sys.exit("lines were lost")


def one_client(client, streams, seconds, certificate, key):
    """Yields the rates, and what was seen at each."""
    with Talker([sys.executable, "-B", str(HERE / "log_server.py"), "--certificate", certificate, "--key", key]) as server:
        port = server.line()
        with Talker([client, f"https://127.0.0.1:{port}", certificate, str(streams)]) as follower:
            wait_for(lambda: server.ask("0 0").split()[0] == str(streams), "the streams to be open")
            for rate in RATES:
                used, begin, had = cpu(follower.pid), time.monotonic(), lines_read(follower)
                sent = int(server.ask(f"{rate} {seconds}").split()[1])
                took, used = time.monotonic() - begin, cpu(follower.pid) - used
                wait_for(lambda: lines_read(follower) >= sent, "the last lines", or_else=None)
                read = lines_read(follower)
                yield rate, {
                    "read": (read - had) / took, "lost": sent - read, "cpu": used / took * 60,
                    "resident": memory(follower.pid, "VmRSS"), "peak": memory(follower.pid, "VmHWM"),
                    "threads": number(follower.pid, "Threads"), "files": len(os.listdir(f"/proc/{follower.pid}/fd")),
                }


class Talker:
    """A program that answers on its output what it is asked on its input, and ends with that."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(PATIENCE_SECONDS)

    def line(self):
        return self.process.stdout.readline().strip()

    def ask(self, question):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.line()

    def ask_for_all(self):
        """Up to an empty line."""
        lines = [self.ask("")]
        while line := self.line():
            lines.append(line)
        return lines


def lines_read(follower):
    return sum(int(float(line.split()[1])) for line in follower.ask_for_all() if line.startswith("remint_pod_log_lines_total{"))


def make_certificate(folder):
    certificate, key = os.path.join(folder, "certificate"), os.path.join(folder, "key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, stderr=subprocess.DEVNULL)
    return certificate, key


def wait_for(check, what, or_else="timed out"):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if check():
            return
        time.sleep(0.05)
    if or_else:
        sys.exit(f"{or_else} waiting for {what}")


def number(pid, field):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"{field}:\s+(\d+)", status.read())[1])


def memory(pid, field):
    return number(pid, field) / 1024


def cpu(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
