"""What helm says after an installation works when it is pasted."""

import base64
import os
import re
import socket
import ssl
import subprocess
import threading

import pytest
import yaml
from chart import CHART, CI_VALUES, NAMESPACE, Helm
from harness import resources
from small import SmallRelease

_DRY = ("--dry-run=client", "--set", "crds.install=false")
_BLOCK = re.compile(r"^(?:(?:kubectl|install) [^\n]*\n)*cat > (\S+) <<'?EOF'?\n.*?^EOF$", re.M | re.S)
_SNIPPET = re.compile(r"^spec:\n(?: .*\n)+", re.M)
# What kubeadm writes, as far as it matters here.
_KUBEADM = """\
apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
  namespace: default
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=192.0.2.7
    image: registry.example.com/kube-apiserver:v1
    name: kube-apiserver
    volumeMounts:
    - mountPath: /etc/kubernetes/pki
      name: k8s-certs
      readOnly: true
  volumes:
  - hostPath:
      path: /etc/kubernetes/pki
      type: DirectoryOrCreate
    name: k8s-certs
"""


def paste(notes, folder, kubectl):
    """Runs what is to be pasted into a shell; returns the files that it writes, parsed."""
    (folder / "kubectl").symlink_to(kubectl)
    script = "\n".join(match[0] for match in _BLOCK.finditer(notes))
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-euo", "pipefail", "-c", "umask 022\n" + script], cwd=folder, check=True, env=environment)
    return {match[1]: yaml.safe_load((folder / match[1]).read_text()) for match in _BLOCK.finditer(notes)}


@pytest.fixture(scope="module")
def connected(helm_program, cluster, crds, foreign_crds, tmp_path_factory):
    """helm makes notes only where there is a cluster, though it asks it nothing here."""
    return Helm(helm_program, tmp_path_factory.mktemp("connected"), cluster.kubeconfig)


@pytest.fixture
def release(helm_program, cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    release = SmallRelease(helm_program, cluster, tmp_path / "helm")
    yield release
    release.remove()


def test_the_audit_policy_is_the_one_in_deploy(release, tmp_path, cluster):
    files = paste(release.apply(), tmp_path, cluster.binaries / "kubectl")
    assert files["audit-policy.yaml"] == yaml.safe_load((resources.DEPLOY / "audit" / "policy.yaml").read_text())


def test_the_webhook_kubeconfig_lets_the_api_server_in(release, tmp_path, cluster):
    """TLS, as the API server would do it, against a server with Remint's Secret, which demands a client certificate."""
    config = paste(release.apply(), tmp_path, cluster.binaries / "kubectl")["audit-webhook.kubeconfig"]
    to, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    service = yaml.safe_load(resources.kubectl(cluster, "get", "service", "remint-audit", "-n", release.namespace, "-o", "yaml"))
    assert to["server"] == f"https://{service['spec']['clusterIP']}:8443/audit"

    def file(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(
        file("s.crt", release.pem("remint-audit-tls", "tls.crt")), file("s.key", release.pem("remint-audit-tls", "tls.key"))
    )
    there.load_verify_locations(file("s.ca", release.pem("remint-audit-tls", "ca.crt")))
    there.verify_mode = ssl.CERT_REQUIRED
    here = ssl.create_default_context(cafile=file("c.ca", base64.b64decode(to["certificate-authority-data"])))
    here.load_cert_chain(
        file("c.crt", base64.b64decode(user["client-certificate-data"])), file("c.key", base64.b64decode(user["client-key-data"]))
    )
    assert handshake(there, here, to["tls-server-name"]) == "kube-apiserver-audit"


def test_nobody_else_may_read_the_kubeconfig(release, tmp_path, cluster):
    paste(release.apply(), tmp_path, cluster.binaries / "kubectl")
    assert (tmp_path / "audit-webhook.kubeconfig").stat().st_mode & 0o777 == 0o600


def test_the_emergency_stop_names_the_lease(release, cluster):
    lines = re.findall(r"^ +kubectl (.* annotate lease .*)$", release.apply(), re.M)
    on, off = (line.replace('"', "").split() for line in lines)
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "remint", "namespace": release.namespace}}
    resources.apply(cluster, [lease])

    def annotations():
        read = resources.kubectl(cluster, "get", "lease", "remint", "-n", release.namespace, "-o", "yaml")
        return yaml.safe_load(read)["metadata"].get("annotations", {})

    resources.kubectl(cluster, *on)
    assert annotations()["remint.dev/suspend"] == "why"
    resources.kubectl(cluster, *off)
    assert "remint.dev/suspend" not in annotations()


def handshake(there, here, name):
    """The common name that the client shows; fails when either side refuses the other."""
    shown = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with there.wrap_socket(listener.accept()[0], server_side=True) as connection:
                shown.append(dict(part[0] for part in connection.getpeercert()["subject"])["commonName"])
                connection.sendall(b"welcome")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with here.wrap_socket(socket.create_connection(listener.getsockname()), server_hostname=name) as connection:
            assert connection.recv(7) == b"welcome"
        thread.join(10)
    return shown[0]


def test_with_a_token_the_kubeconfig_holds_the_token(release, tmp_path, cluster):
    notes = release.apply(clientCertificate=False, bearerToken={"enabled": True})
    user = paste(notes, tmp_path, cluster.binaries / "kubectl")["audit-webhook.kubeconfig"]["users"][0]["user"]
    assert user == {"token": release.pem("remint-audit-token", "token").decode()}


def test_with_a_node_port_the_kubeconfig_names_a_node_and_its_port(release, tmp_path, cluster):
    files = paste(release.apply(service={"type": "NodePort"}), tmp_path, cluster.binaries / "kubectl")
    server = files["audit-webhook.kubeconfig"]["clusters"][0]["cluster"]["server"]
    port = resources.kubectl(
        cluster, "get", "service", "remint-audit", "-n", release.namespace, "-o", "jsonpath={.spec.ports[0].nodePort}"
    )
    assert re.fullmatch(rf"https://127\.\d+\.255\.\d+:{port}/audit", server)


@pytest.mark.parametrize("file", CI_VALUES, ids=lambda f: f.stem)
def test_whatever_the_values_the_notes_can_be_pasted_and_hold_no_secret(connected, tmp_path, file):
    said = connected.run("install", "remint", CHART, "-n", NAMESPACE, "-f", file, *_DRY)
    notes = said.split("NOTES:\n", 1)[1]
    assert "<no value>" not in notes and "PRIVATE KEY" not in notes
    (tmp_path / "fake-kubectl").write_text("#!/bin/sh\necho YW5zd2Vy\n")
    (tmp_path / "fake-kubectl").chmod(0o755)
    config = paste(notes, tmp_path, tmp_path / "fake-kubectl")["audit-webhook.kubeconfig"]
    assert config["clusters"][0]["cluster"]["server"].endswith("/audit")
    assert config["users"][0]["user"], "it shows something"


def test_the_authority_of_a_given_certificate_is_not_taken_from_what_vouches_for_clients(connected, tmp_path):
    file = next(f for f in CI_VALUES if f.stem.startswith("given"))
    said = connected.run("install", "remint", CHART, "-n", NAMESPACE, "-f", file, *_DRY)
    (tmp_path / "fake-kubectl").write_text("#!/bin/sh\necho YW5zd2Vy\n")
    (tmp_path / "fake-kubectl").chmod(0o755)
    to = paste(said.split("NOTES:\n", 1)[1], tmp_path, tmp_path / "fake-kubectl")["audit-webhook.kubeconfig"]["clusters"][0]["cluster"]
    assert to["certificate-authority"] == "/etc/kubernetes/remint/ca.crt" and "certificate-authority-data" not in to


def test_the_lease_of_the_emergency_stop_is_the_one_of_the_values(connected):
    said = connected.run("install", "remint", CHART, "-n", NAMESPACE, "--set", "leaderElection.leaseName=mine", *_DRY)
    assert f"kubectl -n {NAMESPACE} annotate lease mine --overwrite" in said
    alone = ("--set", "leaderElection.enabled=false", "--set", "replicas=1")
    assert "annotate lease" not in connected.run("install", "remint", CHART, "-n", NAMESPACE, *alone, *_DRY), "there is none"


def test_with_cert_manager_the_certificates_are_waited_for(connected):
    file = next(f for f in CI_VALUES if f.stem.startswith("cert-manager"))
    said = connected.run("install", "remint", CHART, "-n", NAMESPACE, "-f", file, *_DRY)
    (first,) = [match[0].splitlines()[0] for match in _BLOCK.finditer(said) if match[1] == "audit-webhook.kubeconfig"]
    assert first.startswith(f"kubectl -n {NAMESPACE} wait --for=condition=Ready")
    assert first.endswith("certificate/remint-audit-tls certificate/remint-audit-client")


def test_a_policy_is_given_its_word_by_a_command_for_each_namespace(connected):
    file = next(f for f in CI_VALUES if f.stem.startswith("scoped"))
    said = connected.run("install", "remint", CHART, "-n", NAMESPACE, "-f", file, "--dry-run=client")
    for namespace in ("shop", "bank"):
        assert f"""kubectl -n {namespace} patch trp ours --type=merge -p '{{"spec":{{"mode":"Enforce"}}}}'""" in said


def pasted_below(manifest, snippet):
    """The manifest, with each run of new lines of the snippet below the line that both have."""
    lines, at = manifest.splitlines(), 0
    for line in snippet.splitlines():
        at = lines.index(line, at) + 1 if line in lines[at:] else at
        if line not in lines:
            # Below `- command:` the program's name comes first.
            at += lines[at] == "    - kube-apiserver"
            lines.insert(at, line)
            at += 1
    return "\n".join(lines)


def test_the_lines_for_kubeadm_fit_its_manifest_and_the_flags_are_those_of_the_api_server(connected, cluster):
    said = connected.run("install", "remint", CHART, "-n", NAMESPACE, *_DRY)
    (snippet,) = _SNIPPET.findall(said.split("NOTES:\n", 1)[1])
    manifest = yaml.safe_load(pasted_below(_KUBEADM, snippet))
    dry_run = ("create", "--dry-run=server", "--validate=strict", "-o", "yaml", "-f", "-")
    spec = yaml.safe_load(resources.kubectl(cluster, *dry_run, stdin=yaml.safe_dump(manifest)))["spec"]
    (container,) = spec["containers"]
    assert container["command"][0] == "kube-apiserver" and container["command"][-1].startswith("--advertise-address")
    (place,) = [v["hostPath"]["path"] for v in spec["volumes"] if v["name"] == "remint"]
    (mount,) = [m for m in container["volumeMounts"] if m["name"] == "remint"]
    flags = dict(argument.split("=") for argument in container["command"][1:-1])
    files = [value for value in flags.values() if value.startswith("/")]
    assert mount["mountPath"] == place and len(files) == 2 and all(file.startswith(f"{place}/") for file in files)
    assert all(f"{file.rsplit('/', 1)[1]} <<" in said for file in files), "they are the files of the steps before"
    known = subprocess.run([cluster.binaries / "kube-apiserver", "--help"], capture_output=True, text=True, check=True).stdout
    assert len(flags) == 3 and all(f"{flag} " in known for flag in flags)
