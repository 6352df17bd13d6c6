"""The image that is tested: REMINT_IMAGE_OCI (an OCI archive), or one that deploy/image builds now."""

import os
import subprocess
from pathlib import Path

import pytest
from archive import Image

TOP = Path(__file__).resolve().parents[2]


def build(target, *options):
    """Returns the archive and what the script printed; or skips, loudly, where no builder works."""
    result = subprocess.run(
        [TOP / "deploy" / "image", "--oci-archive", target, *options], stdout=subprocess.PIPE, text=True, check=False
    )
    assert result.returncode == 0, "deploy/image failed: its messages are above"
    return result.stdout


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    given = os.environ.get("REMINT_IMAGE_OCI")
    if given:
        return Path(given)
    target = tmp_path_factory.mktemp("image") / "remint.tar"
    print(build(target))
    return target


@pytest.fixture(scope="session")
def image(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    folder.chmod(0o755)  # it becomes the container's /, where another user must get through
    return Image(archive, folder)
