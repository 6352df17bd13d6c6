"""A release with nothing but the audit endpoint's Secrets and Services: installed in a second, beside others."""

import base64
import secrets

import yaml
from chart import CHART, Helm
from cryptography import x509
from harness import resources

_FEW = {
    "replicas": 0,
    "crds": {"install": False},
    "rbac": {"create": False},
    "admission": {"enabled": False},
    "defaultPolicy": {"create": False},
}


class SmallRelease:
    def __init__(self, helm_program, cluster, home):
        self.cluster = cluster
        self.helm = Helm(helm_program, home, cluster.kubeconfig)
        self.namespace = f"small-{secrets.token_hex(3)}"

    def apply(self, values=None, **audit):
        """Installs or upgrades it; returns its notes."""
        values = yaml.safe_dump(_FEW | (values or {}) | {"audit": audit})
        self.helm.run("upgrade", "--install", "remint", CHART, "-n", self.namespace, "--create-namespace", "-f", "-", stdin=values)
        return self.helm.run("get", "notes", "remint", "-n", self.namespace)

    def secret(self, name):
        return yaml.safe_load(resources.kubectl(self.cluster, "get", "secret", name, "-n", self.namespace, "-o", "yaml"))

    def pem(self, name, key):
        return base64.b64decode(self.secret(name)["data"][key])

    def certificate(self, name, key="tls.crt"):
        return x509.load_pem_x509_certificate(self.pem(name, key))

    def remove(self):
        resources.kubectl(self.cluster, "delete", "namespace", self.namespace, "--wait=false")
