"""The program takes the arguments that the chart gives it."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from chart import CI_VALUES, REPOSITORY


@pytest.fixture(scope="module")
def known():
    """The flags of `remint run`."""
    binary = Path(os.environ.get("REMINT_BINARY") or REPOSITORY / "build" / "release" / "remint")
    if not binary.is_file():
        pytest.fail(f"there is no {binary}: build it (cmake --workflow --preset release) or set REMINT_BINARY")
    text = subprocess.run([binary, "run", "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"--[a-z-]+", text))


@pytest.mark.parametrize("file", CI_VALUES, ids=lambda f: f.stem)
def test_every_argument_is_a_flag_of_the_program(helm, known, file):
    command, *flags = helm.template(file=file).args
    assert command == "run"
    assert {flag.split("=")[0] for flag in flags} <= known
