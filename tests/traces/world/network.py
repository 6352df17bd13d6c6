"""What the API server sees as the address of a pod or a node: the last element of sourceIPs."""


class PodAddresses:
    """No translation on the way; pods of the host's network have the node's address."""

    six = False

    def of_pod(self, pod):
        return pod.ip

    def of_node(self, node):
        return node.ip


class SecondAddresses(PodAddresses):
    """A dual-stack cluster whose pods reach the API server by IPv6: the second of their addresses."""

    six = True

    def of_pod(self, pod):
        return pod.ip6 or pod.ip


class NodeAddresses(PodAddresses):
    """Source NAT: every pod shows its node's address."""

    def of_pod(self, pod):
        return pod.node.ip


class Gateways(PodAddresses):
    """Egress gateways: `count` addresses hide all nodes."""

    def __init__(self, count=1):
        self.addresses = [f"192.0.2.{10 + i}" for i in range(count)]

    def of_pod(self, pod):
        return self.of_node(pod.node)

    def of_node(self, node):
        return self.addresses[node.index % len(self.addresses)]


class LoadBalancer(Gateways):
    """A load balancer of layer 4 before the API server: its own addresses are all that is seen, of anybody."""

    def __init__(self):
        self.addresses = ["10.0.255.4", "10.0.255.5"]
