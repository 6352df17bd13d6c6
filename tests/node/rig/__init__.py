"""One real node for the tests: network, containerd, kubelet, kube-proxy, and Remint on it. Each module says what it is for."""
