"""The chart, as helm renders it and as helm installs it."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
CHARTS = REPOSITORY / "charts"
CHART = CHARTS / "remint"
CI_VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
NAMESPACE = "remint-system"


class HelmError(RuntimeError):
    """What helm said, without its remarks about symbolic links."""


@dataclass
class Rendered:
    documents: list

    def all(self, kind):
        return [document for document in self.documents if document["kind"] == kind]

    def one(self, kind, name=None):
        """The object of that kind (and name); fails when there is none, or are several."""
        found = [d for d in self.all(kind) if name is None or d["metadata"]["name"] == name]
        names = [d["metadata"]["name"] for d in self.all(kind)]
        assert len(found) == 1, f"{kind} {name or ''}: {names}"
        return found[0]

    def names(self, kind):
        return sorted(document["metadata"]["name"] for document in self.all(kind))

    @property
    def pod(self):
        return self.one("Deployment")["spec"]["template"]["spec"]

    @property
    def container(self):
        return next(c for c in self.pod["containers"] if c["name"] == "remint")

    @property
    def args(self):
        return self.container["args"]


class Helm:
    """`kubeconfig`: of the cluster; without it only what needs none."""

    def __init__(self, program, home, kubeconfig=None):
        self.program = program
        self._environment = os.environ | {
            "HELM_CACHE_HOME": f"{home}/cache",
            "HELM_CONFIG_HOME": f"{home}/config",
            "HELM_DATA_HOME": f"{home}/data",
            "KUBECONFIG": str(kubeconfig or "/nowhere"),
        }

    def run(self, *arguments, stdin=None):
        result = subprocess.run(
            [self.program, *map(str, arguments)],
            input=stdin, capture_output=True, text=True, check=False, env=self._environment,
        )
        if result.returncode != 0:
            raise HelmError(re.sub(r"^walk\.go.*\n", "", result.stderr, flags=re.M))
        return result.stdout

    def template(self, values=None, file=None, release="remint", namespace=NAMESPACE, chart=CHART):
        """The rendered objects, with `values` (a dict) over those of a file."""
        command = ["template", release, chart, "--namespace", namespace]
        if file:
            command += ["--values", file]
        text = self.run(*command, "--values", "-", stdin=yaml.safe_dump(values or {}))
        return Rendered([document for document in yaml.safe_load_all(text) if document])

    def refusal(self, values, **options):
        """What helm says when it refuses these values."""
        try:
            self.template(values, **options)
        except HelmError as error:
            return str(error)
        raise AssertionError(f"helm took {values}")
