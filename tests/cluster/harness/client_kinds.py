"""The real client libraries: how each is run, who it says it is, and what it says when its token is dead."""

import re
from dataclasses import dataclass

from .client_builds import CLIENTS, LINES


@dataclass(frozen=True)
class ClientKind:
    """`name` is its folder among the builds; `complaint` a pattern of its log, over several lines if need be."""

    name: str
    version: str  # of the library, as it is pinned
    command: tuple  # {builds}: the folder of the builds; {clients}: tests/cluster/clients
    user_agent: str | None  # a pattern; None: it sends none
    complaint: str
    reads_once: bool  # nothing is gained when the kubelet replaces the file (within the time of a test)
    watches_long: bool = False  # calls again only when its connection ends, minutes later
    library: str = ""
    env: tuple = ()
    log_tells: bool = True  # a line of its log says that its token was refused

    @property
    def lines(self):
        """The file with what it was seen to log."""
        return LINES / f"{self.library}-{self.version}.log"

    def command_in(self, builds):
        return [word.format(builds=builds, clients=CLIENTS) for word in self.command]

    def env_in(self, builds):
        return {key: value.format(builds=builds) for key, value in self.env}

    def complaint_in(self, log):
        """The first place of a log where it complains, as a match; None when it has not."""
        return re.search(self.complaint, log)

    def __str__(self):
        return f"{self.library}-{self.version}"


def _python(name, version, error):
    return ClientKind(
        name=name,
        library="python-kubernetes",
        version=version,
        command=(f"{{builds}}/{name}/bin/python", "{clients}/python/shop.py"),
        user_agent=rf"OpenAPI-Generator/{re.escape(version)}/python",
        complaint=rf"{error}: \(401\)\nReason: Unauthorized\n.*'Audit-Id'.*\nHTTP response body: .*\n",
        reads_once=version.startswith("11."),
    )


def _go(name, version, complaint, reads_once):
    return ClientKind(
        name=name,
        library="client-go",
        version=version,
        command=(f"{{builds}}/{name}/shop-operator",),
        user_agent=r"shop-operator/v0\.0\.0 \(linux/\w+\) kubernetes/\$Format",
        complaint=complaint,
        reads_once=reads_once,
        watches_long=True,
    )


KINDS = (
    _python("python-11", "11.0.0", r"kubernetes\.client\.rest\.ApiException"),
    _python("python-37", "37.0.2", r"kubernetes\.client\.exceptions\.UnauthorizedException"),
    _go(
        "go-10",
        "10.0.0",
        r"E.* reflector\.go:\d+\] .*: Failed to (list|watch) \*v1\.ConfigMap: "
        r"(Unauthorized|the server has asked for the client to provide credentials \(get configmaps\))\n",
        reads_once=True,  # it looks again after 5 minutes
    ),
    _go(
        "go-0.36",
        "0.36.3",
        r'E.* reflector\.go:\d+\] "Failed to watch" err="(failed to list \*v1\.ConfigMap: )?Unauthorized".*\n',
        reads_once=False,
    ),
    ClientKind(
        name="javascript-0.10",
        library="javascript-client-node",
        version="0.10.2",
        command=("node", "{clients}/javascript/shop.js"),
        env=(("NODE_PATH", "{builds}/javascript-0.10/node_modules"),),
        user_agent=None,
        complaint=r"looking after the ConfigMaps: (.*\n){1,300}? *statusCode: 401,\n",
        reads_once=True,
    ),
    ClientKind(
        name="java-8",
        library="java-client",
        version="8.0.0",
        command=("java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                 "-cp", "{builds}/java-8/classes:{builds}/java-8/jars/*", "Shop"),
        user_agent=r"OpenAPI-Generator/1\.0-SNAPSHOT/java",
        # Not a word of 401: HTTP/2 has no reason phrase.
        complaint=r"io\.kubernetes\.client\.openapi\.ApiException: \n(\tat .*\n)+",
        reads_once=True,
        log_tells=False,
    ),
)
