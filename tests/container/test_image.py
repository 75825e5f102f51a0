"""The image that others copy tminus out of."""

import json
import re
import tarfile

import pytest

from harness import ROOT

pytestmark = pytest.mark.serial

# What the engine itself puts into every container.
ENGINE_OWN = {".dockerenv", "dev", "etc", "proc", "sys"}


@pytest.fixture(scope="module")
def files(engine):
    """Name to content of every file in the image."""
    identity = engine.docker("create", "tminus")
    exported = engine.folder / "exported.tar"
    engine.docker("export", "--output", str(exported), identity)
    engine.docker("rm", identity)
    with tarfile.open(exported) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive if member.isfile()
                and member.name.partition("/")[0] not in ENGINE_OWN}


def test_holds_the_program_its_notice_and_its_bill_of_materials_and_nothing_else(files):
    assert set(files) == {"tminus", "NOTICE", "SBOM.json"}


def test_the_notice_holds_the_licence_of_every_component(files):
    components = {package["name"] for package in json.loads(files["SBOM.json"])["packages"]}
    parts = re.split(r"^==== (\S+) .*$", files["NOTICE"].decode(), flags=re.MULTILINE)
    licences = dict(zip(parts[1::2], parts[2::2]))
    assert components == set(licences) > {"tminus", "musl"}
    assert all(len(text) > 200 or "blessing" in text for text in licences.values())


def test_runs_its_commands_without_a_word_more(engine, record_property):
    version = re.search(r"^## \[([0-9.]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    assert version in engine.docker("run", "--rm", "tminus", "version")
    assert "wait.timeout" in engine.docker("run", "--rm", "tminus", "help")
    assert engine.docker("run", "--rm", "tminus") == engine.docker("run", "--rm", "tminus", "help")
    size = int(engine.docker("image", "inspect", "--format", "{{.Size}}", "tminus"))
    record_property("figure", f"image tminus: {size / 1e6:.2f} MB")
