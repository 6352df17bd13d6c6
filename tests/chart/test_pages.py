"""The pages for people say what is there: the tests that they name exist, and the API server takes every example."""

import json
import re

import pytest
import yaml
from chart import CHART, REPOSITORY
from harness import resources

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "deploy").glob("*.md"))]
POLICIES = REPOSITORY / "deploy" / "policies.md"
_PYTHON = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_CPP = re.compile(r'`(tests/[\w/]+\.cpp): "([^"]+)"`')


_VALUES = "# values.yaml\n"


def yaml_blocks(page):
    return re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.M | re.S)


def test_every_test_that_is_named_exists():
    text = "".join(page.read_text() for page in PAGES)
    missing = [f"{file}::{name}" for file, name in _PYTHON.findall(text) if f"def {name}(" not in _source(file)]
    # A C++ name may be broken over several literals.
    missing += [f"{file}: {name}" for file, name in _CPP.findall(text) if name not in re.sub(r'"\s*"', "", _source(file))]
    assert not missing
    assert len(_PYTHON.findall(text)) > 15 and len(_CPP.findall(text)) > 5, "the pattern no longer finds them"


def _source(file):
    path = REPOSITORY / file
    return path.read_text() if path.is_file() else ""


def test_each_of_the_fifteen_pains_has_its_line():
    rows = re.findall(r"^\| (\d+) \|.*\|.*`tests/", (REPOSITORY / "deploy" / "pains.md").read_text(), re.M)
    assert [int(row) for row in rows] == list(range(1, 16))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


def examples():
    """(where it stands, its text) of every example, in pages and in deploy/examples."""
    found = [(f"{page.name}-{n}", block) for page in PAGES for n, block in enumerate(yaml_blocks(page), 1) if not block.startswith(_VALUES)]
    return found + [(path.name, path.read_text()) for path in sorted((REPOSITORY / "deploy" / "examples").glob("*.yaml"))]


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in examples()])
def test_the_api_server_takes_every_example_as_it_is(crds, text):
    """With strict validation. That they do what is said of them: tests/cluster/test_policies_page.py."""
    resources.apply(crds, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}])
    document = yaml.safe_load(text)
    create = "generateName" in document["metadata"]  # which cannot be applied
    verb = ("create",) if create else ("apply", "--server-side")
    dry_run = ("--dry-run=server", "--validate=strict", "-f", "-")
    assert "dry run" in resources.kubectl(crds, *verb, *dry_run, stdin=text)


def test_the_chart_takes_the_values_that_pages_show(helm):
    pages = [*PAGES, CHART / "README.md", *sorted((REPOSITORY / "deploy" / "shippers").glob("*.md"))]
    shown = [(page, helm.template(yaml.safe_load(b))) for page in pages for b in yaml_blocks(page) if b.startswith(_VALUES)]

    def of(page):
        return [rendered for where, rendered in shown if where == page]

    assert [a for rendered in of(REPOSITORY / "deploy" / "sources.md") for a in rendered.args if a.startswith("--audit-log=")]
    (openshift,) = of(CHART / "README.md")
    assert openshift.pod["securityContext"].keys() == {"runAsNonRoot", "seccompProfile"}, "the SCC chooses the rest"
    (eks,) = of(REPOSITORY / "deploy" / "shippers" / "eks-firehose.md")
    annotations = eks.one("Service", "remint-audit")["metadata"]["annotations"]
    (checked,) = [value for name, value in annotations.items() if name.endswith("healthcheck-port")]
    assert {"name": "metrics", "containerPort": int(checked)} in eks.container["ports"], "/healthz is there"
    assert "--audit-token-file=/etc/remint/token/token" in eks.args


def test_the_image_that_is_to_be_built_is_the_one_that_the_chart_asks_for(helm):
    (command,) = re.findall(r"^deploy/image (.*)$", (CHART / "README.md").read_text(), re.M)
    _, tag, *rest = command.split()
    assert tag == helm.template().container["image"]
    known = (REPOSITORY / "deploy" / "image").read_text()
    assert all(f"{word})" in known or f"{word} |" in known for word in ("--tag", *rest) if word.startswith("--"))


def test_the_files_that_commands_of_a_page_name_are_written_by_it():
    """Of EKS: the JSON of policies, with the variables of the page filled in."""
    page = (REPOSITORY / "deploy" / "shippers" / "eks-firehose.md").read_text()
    written = dict(re.findall(r"^cat >(\S+) <<EOF\n(.*?)^EOF$", page, re.M | re.S))
    assert set(re.findall(r"file://(\S+)", page)) == set(written)
    for text in written.values():
        (statement,) = json.loads(text)["Statement"]
        assert statement["Action"] == "sts:AssumeRole" and statement["Principal"]["Service"].endswith(".amazonaws.com")
