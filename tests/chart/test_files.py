"""The files of the chart agree with each other and with deploy/."""

import json
import re
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from chart import CHART, CHARTS, CI_VALUES, REPOSITORY, HelmError

MANIFESTS = REPOSITORY / "deploy" / "manifests"


def leaves(values, prefix=()):
    """The paths of all values that the schema describes as one thing."""
    for key, value in values.items():
        path = (*prefix, key)
        if isinstance(value, dict) and value and path not in WHOLE:
            yield from leaves(value, path)
        else:
            yield path


def _described_whole():
    """Maps that are one value, such as resources: those with a description of their own."""
    schema = json.loads((CHART / "values.schema.json").read_text())

    def walk(node, path):
        for name, inner in node.get("properties", {}).items():
            if "description" in inner or "$ref" in inner:
                yield (*path, name)
            else:
                yield from walk(inner, (*path, name))

    return set(walk(schema, ()))


WHOLE = _described_whole()


def test_readme_and_schema_are_what_the_generator_writes():
    result = subprocess.run([sys.executable, CHARTS / "generate", "--check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_manifests_are_what_the_chart_renders(helm_program, tmp_path):
    subprocess.run([CHARTS / "render-manifests", tmp_path], check=True, env={"HELM": str(helm_program), "PATH": "/usr/bin:/bin"})
    rendered = {file.name: file.read_text() for file in tmp_path.iterdir()}
    committed = {file.name: file.read_text() for file in MANIFESTS.iterdir()}
    assert rendered == committed, "run charts/render-manifests"


def test_there_is_one_source_of_the_crds_and_of_the_audit_policy(helm):
    """What is packaged is what deploy/ holds, and what is rendered is what is packaged."""
    for path in ("files/crds", "files/audit-policy.yaml"):
        assert (CHART / path).is_symlink() and REPOSITORY / "deploy" in (CHART / path).resolve().parents
    files = [yaml.safe_load(f.read_text()) for f in sorted((REPOSITORY / "deploy" / "crds").glob("*.yaml"))]
    rendered = {crd["metadata"]["name"]: crd["spec"] for crd in helm.template().all("CustomResourceDefinition")}
    assert rendered == {crd["metadata"]["name"]: crd["spec"] for crd in files}


def test_a_packaged_chart_holds_files_in_place_of_links_and_installs_the_same(helm, tmp_path):
    helm.run("package", CHART, "--destination", tmp_path)
    (package,) = tmp_path.glob("*.tgz")
    with tarfile.open(package) as archive:
        members = {member.name: member for member in archive.getmembers()}
    assert all(member.isfile() for member in members.values())
    assert "remint/files/crds/workloadrestarts.remint.dev.yaml" in members
    assert not [name for name in members if "/ci/" in name], "inputs of tests"
    of = lambda chart: [d for d in helm.template(chart=chart).documents if d["kind"] != "Secret"]  # noqa: E731
    assert of(package) == of(CHART)


def test_the_version_is_that_of_the_program():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = re.search(r"project\(remint VERSION (\S+)", (REPOSITORY / "CMakeLists.txt").read_text())[1]
    assert chart["appVersion"] == version


def test_every_value_is_set_by_some_file_of_ci():
    """So that every branch of the templates is rendered, and shown to a real API server."""
    set_by_some = {path for file in CI_VALUES for path in leaves(yaml.safe_load(file.read_text()))}
    missing = [".".join(path) for path in leaves(yaml.safe_load((CHART / "values.yaml").read_text())) if path not in set_by_some]
    assert not missing


# They change only what is made up anew each time: see test_tls.py.
_IN_CERTIFICATES = {("audit", "tls", "generated", name) for name in ("certificateDays", "renew")}


def test_every_value_changes_something(helm):
    """A knob that is connected to nothing is a lie: without it, its file of ci must render something else."""
    files = {file: yaml.safe_load(file.read_text()) for file in CI_VALUES}
    knobs = {path: file for file, values in reversed(files.items()) for path in leaves(values) if path[1:] != ("anything",)}

    def outcome(values):
        try:
            documents = helm.template(values).documents
        except HelmError as error:
            return str(error)
        for document in documents:
            if document["kind"] == "Secret":
                document["data"] = sorted(document["data"])
                document["metadata"].get("annotations", {}).pop("remint.dev/made-for", None)
                document["metadata"].get("annotations", {}).pop("remint.dev/renew-after", None)
        return documents

    def changes_nothing(knob):
        path, file = knob
        without = outcome(_without(files[file], path))
        return ".".join(path) if without == whole[file] and path not in _IN_CERTIFICATES else None

    with ThreadPoolExecutor(4) as pool:
        whole = dict(zip(files, pool.map(outcome, files.values()), strict=True))
        assert not list(filter(None, pool.map(changes_nothing, knobs.items())))


def _without(values, path):
    first, *rest = path
    if not rest:
        return {key: value for key, value in values.items() if key != first}
    return values | {first: _without(values[first], rest)}


@pytest.mark.parametrize("file", CI_VALUES, ids=lambda f: f.stem)
def test_helm_lint_finds_nothing(helm, file):
    helm.run("lint", "--strict", CHART, "--values", file)


@pytest.mark.parametrize("values", [
    {"replica": 2},
    {"audit": {"tls": {"mod": "generated"}}},
    {"replicas": "two"},
    {"modeCeiling": "enforce"},
    {"extendedTokenLifetime": "90 days"},
    {"image": {"digest": "sha256:abc"}},
    {"scope": {"namespaces": ["Shop"]}},
    {"serviceAccount": {"tokenExpirationSeconds": 60}},
    {"probes": {"liveness": {"periodSecond": 3}}},
    {"strategies": {"DeletePods": True}},
], ids=str)  # fmt: skip
def test_a_mistake_in_the_values_is_refused(helm, values):
    path = "/".join(("", *next(leaves(values))[:-1]))
    assert "schema" in (refusal := helm.refusal(values)) and path in refusal


def test_the_values_of_an_umbrella_chart_are_none_of_our_business(helm):
    try:
        helm.template({"global": {"storageClass": "fast"}})
    except HelmError as error:
        pytest.fail(str(error))
