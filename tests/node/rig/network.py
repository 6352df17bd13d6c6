"""The node's network, inside the namespace that tests/node/run made: two bridges, a route, forwarding.

One bridge stands for the node's own network; it must be there before the other, since the kernel takes the first one's
address for what is masqueraded. The other one is the CNI plugin's, made here already so that its gateway address exists
when the API server starts.
"""

import json
import subprocess
from pathlib import Path

NODE = "192.0.2.10"  # of a range that is reserved for documentation: no real host is hidden
POD_RANGE = "10.244.0.0/16"
GATEWAY = "10.244.0.1"
SERVICE_RANGE = "10.96.0.0/16"


def _ip(*words):
    subprocess.run(["ip", *words], check=True)


def start():
    for bridge, address in (("node", f"{NODE}/24"), ("cni0", f"{GATEWAY}/16")):
        _ip("link", "add", bridge, "type", "bridge")
        _ip("address", "add", address, "dev", bridge)
        _ip("link", "set", bridge, "up")
    # It leads nowhere; but without a route, packets to a Service's address end before kube-proxy's rules see them.
    _ip("route", "add", "default", "dev", "node", "src", NODE)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    bridged = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
    if bridged.is_file():
        bridged.write_text("1")


def write_cni(folder):
    """Pods keep their own source address towards the API server: nothing is masqueraded."""
    folder.mkdir(parents=True)
    ipam = {"type": "host-local", "ranges": [[{"subnet": POD_RANGE}]], "routes": [{"dst": "0.0.0.0/0"}]}
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True, "ipam": ipam}
    plugins = [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}]
    conflist = {"cniVersion": "1.0.0", "name": "pods", "plugins": plugins}
    (folder / "10-pods.conflist").write_text(json.dumps(conflist))
