"""Every object that the chart can make, shown to a real API server."""

import pytest
import yaml
from chart import CI_VALUES, NAMESPACE
from harness import resources


@pytest.fixture(scope="module")
def namespaces(cluster):
    """Those that the values speak of."""
    names = (NAMESPACE, "shop", "bank")
    resources.apply(cluster, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names])


@pytest.mark.parametrize("file", CI_VALUES, ids=lambda f: f.stem)
def test_the_api_server_takes_every_object_as_it_is(helm, crds, foreign_crds, namespaces, file):
    """With strict validation: a field that does not exist is an error, as is a warning."""
    documents = helm.template(file=file).documents
    text = yaml.safe_dump_all(documents)
    dry_run = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "--warnings-as-errors")
    answered = resources.kubectl(crds, *dry_run, "-f", "-", stdin=text)
    assert len(answered.splitlines()) == len(documents)


def test_a_pod_of_the_defaults_fits_a_namespace_that_is_restricted(helm, cluster, namespaces):
    """The Pod Security Standard `restricted`, enforced; the admission of pods, not of Deployments, says so."""
    rendered = helm.template()
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    resources.apply(cluster, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": labels}}])
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "remint", "namespace": "strict"}}
    resources.apply(cluster, [account])
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "remint", "namespace": "strict"}, "spec": rendered.pod}
    resources.kubectl(cluster, "create", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(pod))


def test_the_manifests_are_taken_as_they_are(crds, namespaces):
    folder = resources.DEPLOY / "manifests"
    resources.kubectl(crds, "apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "-f", folder)
