"""Names that people choose: whatever they look like in YAML, they are text, and they get in nobody's way."""

import base64

import yaml
from chart import CI_VALUES
from cryptography import x509
from cryptography.x509.oid import NameOID
from harness import resources

# Each of them is a number or a truth value where it is not quoted. A Service's name must begin with a letter.
ODD = {
    "nameOverride": "1",
    "fullnameOverride": "true",
    "priorityClassName": "100",
    "schedulerName": "0x10",
    "imagePullSecrets": ["7", {"name": "8"}],
    "journalKey": {"secretKey": "3"},
    "audit": {"bearerToken": {"enabled": True, "secretKey": "off"}},
}
LONG = "a-name-that-is-as-long-as-the-name-of-a-namespace-may-be-at-all"


def test_names_that_look_like_something_else_are_taken_by_the_api_server(helm, crds):
    rendered = helm.template(ODD, release="2024", namespace="no")
    for document in rendered.documents:
        metadata = document["metadata"]
        texts = [metadata["name"], metadata.get("namespace", ""), *metadata["labels"].values()]
        assert all(isinstance(text, str) for text in texts), metadata
    resources.apply(crds, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "no"}}])
    text = yaml.safe_dump_all(rendered.documents)
    dry_run = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "-f", "-")
    assert len(resources.kubectl(crds, *dry_run, stdin=text).splitlines()) == len(rendered.documents)
    assert rendered.pod["priorityClassName"] == "100" and rendered.pod["serviceAccountName"] == "true"
    assert rendered.one("Secret", "true-journal-key")["data"].keys() == {"3"}


def test_in_every_file_of_values_odd_names_are_text(helm):
    odd = {"nameOverride": "1", "fullnameOverride": "true"}
    for file in CI_VALUES:
        for document in helm.template(odd, file=file, release="2024", namespace="no").documents:
            if document["metadata"]["name"].endswith("-extra") or str(document["metadata"]["name"]).endswith("-as-text"):
                continue  # the user's own
            assert not [path for path, value in named(document) if not isinstance(value, str)], document


def named(node, path=()):
    """(path, value) of whatever names something."""
    if isinstance(node, list):
        for number, inner in enumerate(node):
            yield from named(inner, (*path, number))
    if isinstance(node, dict):
        for key, inner in node.items():
            if key in ("name", "namespace", "secretName", "policyName", "serviceAccountName") and not isinstance(inner, (dict, list)):
                yield (*path, key), inner
            elif key in ("matchLabels", "labels", "matchNames", "resourceNames"):
                yield from (((*path, key), value) for value in (inner.values() if isinstance(inner, dict) else inner))
            elif "openAPIV3Schema" not in node:
                yield from named(inner, (*path, key))


def test_labels_of_people_do_not_replace_those_by_which_things_are_found(helm):
    taken = {"app.kubernetes.io/name": "theirs", "app.kubernetes.io/instance": "theirs", "app.kubernetes.io/managed-by": "Argo", "team": "a"}
    also = {"serviceAccount": {"labels": taken}, "metrics": {"service": {"labels": {"app.kubernetes.io/component": "theirs"}}}}
    rendered = helm.template({"commonLabels": taken, "podLabels": taken, **also})
    for document in rendered.documents:
        labels = document["metadata"]["labels"]
        assert (labels["app.kubernetes.io/name"], labels["app.kubernetes.io/instance"], labels["team"]) == ("remint", "remint", "a")
        assert labels["app.kubernetes.io/managed-by"] == "Helm", "or helm does not know it as its own"
    deployment = rendered.one("Deployment")["spec"]
    assert deployment["selector"]["matchLabels"].items() <= deployment["template"]["metadata"]["labels"].items()
    assert rendered.one("Service", "remint-metrics")["metadata"]["labels"]["app.kubernetes.io/component"] == "metrics"


def test_no_common_name_of_a_certificate_is_longer_than_64(helm):
    assert len(LONG) == 63
    scoped = {"scope": {"namespaces": ["shop"]}, "fullnameOverride": "r" * 50}
    rendered = helm.template(scoped, namespace=LONG)
    for secret in rendered.all("Secret"):
        if "tls.crt" in secret["data"]:
            subject = x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"])).subject
            assert all(len(part.value) <= 64 for part in subject.get_attributes_for_oid(NameOID.COMMON_NAME))
    managed = helm.template(scoped | {"audit": {"tls": {"mode": "certManager"}}}, namespace=LONG)
    assert all(len(certificate["spec"].get("commonName", "")) <= 64 for certificate in managed.all("Certificate"))


def test_two_releases_with_a_scope_share_nothing_in_the_cluster_but_the_crds(helm):
    def of_the_cluster(namespace, scope):
        documents = helm.template({"scope": {"namespaces": [scope]}}, namespace=namespace).documents
        return {(d["kind"], d["metadata"]["name"]) for d in documents if "namespace" not in d["metadata"]}

    shared = of_the_cluster("one", "shop") & of_the_cluster("two", "bank")
    assert {kind for kind, _ in shared} == {"CustomResourceDefinition"}
