"""The API server's own log: a line per rejected token, in text or JSON, in the old or the new wording, perhaps with httplog."""

import json
from dataclasses import dataclass

from .moments import klog


@dataclass(frozen=True)
class LogStyle:
    json: bool = False
    old: bool = False
    httplog: bool = False  # -v=3


def lines(rejections, style, noise=()):
    """(micros, line) of all that one server wrote; `noise` are the times at which it spoke of something else."""
    written = []
    for rejection in rejections:
        text = rejection.old if style.old else rejection.new
        error = f"[invalid bearer token, {text}]" if text else "invalid bearer token"
        written.append((rejection.line, _failure(rejection.line, error, style)))
        if style.httplog:
            after = rejection.received + rejection.latency_us + 40
            written.append((after, _http(after, rejection)))
    for at in noise:
        written.append(
            (
                at,
                (
                    f"I{klog(at)}       1 controller.go:615] quota admission added evaluator for: leases.coordination.k8s.io"
                    if not style.json
                    else json.dumps(
                        {"ts": at / 1000, "caller": "trace/trace.go:236", "msg": "Trace", "v": 0}, separators=(",", ":")
                    )
                ),
            )
        )
    return sorted(written)


def _failure(at, error, style):
    if style.json:
        return json.dumps(
            {
                "ts": at / 1000,
                "caller": "filters/authentication.go:75",
                "msg": "Unable to authenticate the request",
                "err": error,
            },
            separators=(",", ":"),
        )
    head = f"E{klog(at)}       1 authentication.go:"
    if style.old:
        return f"{head}65] Unable to authenticate the request due to an error: {error}"
    return f'{head}75] "Unable to authenticate the request" err={json.dumps(error)}'


def _http(at, rejection):
    return (
        f'I{klog(at)}       1 httplog.go:132] "HTTP" verb="{rejection.verb.upper()}" URI="{rejection.uri}" '
        f'latency="{rejection.latency_us}µs" userAgent="{rejection.agent or ""}" audit-ID="{rejection.audit_id}" '
        f'srcIP="{rejection.address}:{rejection.port}" resp=401'
    )
