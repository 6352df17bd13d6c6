"""What is in the image, and what is not."""

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest
from conftest import TOP, build

LIMIT = 40_000_000
SBOM = "usr/share/doc/remint/sbom.spdx.json"
LIBRARY_FOLDERS = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu", "lib", "lib64")


def sbom(image):
    return json.loads((image.root / SBOM).read_text())


def test_nothing_can_be_run_but_remint(image):
    runnable = [path for path in image.files() if path.stat().st_mode & 0o111]
    programs = {str(path.relative_to(image.root)) for path in runnable}
    programs = {name for name in programs if not Path(name).name.startswith(("lib", "ld-linux"))}
    assert programs == {"usr/bin/remint"}
    assert [path for path in image.files() if path.open("rb").read(2) == b"#!"] == [], "a script has nobody to run it"


def test_nothing_has_more_rights_than_its_user(image):
    for path in image.files():
        mode = path.lstat().st_mode
        assert not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH), f"{path}: {oct(mode)}"
    assert image.config["config"]["User"] == "65532:65532"
    assert "remint:x:65532:65532:" in (image.root / "etc/passwd").read_text()


def test_the_labels_say_what_it_is(image):
    labels = image.config["config"]["Labels"]
    (project,) = [line for line in (TOP / "CMakeLists.txt").read_text().splitlines() if line.startswith("project(")]
    assert labels["org.opencontainers.image.version"] in project.split()
    assert labels["org.opencontainers.image.revision"] not in ("", "unknown")
    assert labels["org.opencontainers.image.source"].startswith("https://")
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["dev.remint.sbom"] == f"/{SBOM}"
    assert image.config["config"]["Entrypoint"] == ["/usr/bin/remint"]


def test_every_library_is_there_that_is_asked_for_and_no_other(image):
    present = {path.name: path for path in image.elves() if path.name != "remint"}
    needed = {elf: image.needed(elf) for elf in image.elves()}
    for elf, names in needed.items():
        for name in names:
            assert name in present, f"{elf.relative_to(image.root)} needs {name}"
            place = str(present[name].parent.relative_to(image.root))
            assert place in LIBRARY_FOLDERS, f"the loader does not look for {name} in /{place}"
    asked_for = set().union(*needed.values())
    assert {name for name in present if not name.startswith("ld-linux")} == {
        name for name in asked_for if not name.startswith("ld-linux")
    }


def test_the_bill_of_materials_names_every_library_as_it_is(image):
    document = sbom(image)
    assert document["spdxVersion"] == "SPDX-2.3"
    listed = {file["fileName"]: file["checksums"][1]["checksumValue"] for file in document["files"]}
    for elf in image.elves():
        name = f"/{elf.relative_to(image.root)}"
        digest = hashlib.sha256(elf.read_bytes()).hexdigest()
        if name == "/usr/bin/remint":
            assert document["packages"][0]["checksums"][0]["checksumValue"] == digest
        else:
            assert listed[name] == digest
    identities = {package["SPDXID"] for package in document["packages"]}
    owned = {
        relation["relatedSpdxElement"]
        for relation in document["relationships"]
        if relation["relationshipType"] == "CONTAINS" and relation["spdxElementId"] in identities
    }
    assert {file["SPDXID"] for file in document["files"]} <= owned, "each file belongs to a package"
    for package in document["packages"][1:]:
        assert package["versionInfo"] and package["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/")


def test_the_license_of_every_library_goes_along(image):
    owners = {relation["spdxElementId"] for relation in sbom(image)["relationships"] if "File" in relation["relatedSpdxElement"]}
    for package in sbom(image)["packages"]:
        if package["SPDXID"] in owners:
            assert (image.root / "usr/share/doc" / package["name"] / "copyright").is_file(), package["name"]
    assert len(owners) > 10
    assert (image.root / "usr/share/doc/remint/LICENSE").is_file()


def test_certificates_and_time_zones_are_there(image):
    assert (image.root / "etc/ssl/certs/ca-certificates.crt").read_text().count("BEGIN CERTIFICATE") > 100
    assert (image.root / "usr/share/zoneinfo/Europe/Berlin").read_bytes().startswith(b"TZif")


def test_it_is_small(image):
    print(f"{image.unpacked / 1e6:.1f} MB")
    assert image.unpacked < LIMIT


@pytest.mark.skipif(not os.environ.get("REMINT_IMAGE_TWICE"), reason="builds everything again: set REMINT_IMAGE_TWICE=1")
def test_built_again_it_has_the_same_digest(image, tmp_path):
    assert f"digest  {image.digest}\n" in build(tmp_path / "again.tar", "--no-cache", "--no-tests", "--tag", "remint:again")
