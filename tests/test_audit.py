"""What is ours of `make audit`: waivers that end, licences, what the jar holds, and what the images install."""

from __future__ import annotations

import importlib.util
import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from audit.advisories import NotAsked, of_jar, read_npm
from audit.bill import bill
from audit.jars import JAR, JarList, Library
from audit.licences import Licensed, Rules, judged, table
from audit.lock import built_with, required
from audit.packages import IMAGES, ROOT, Package, asked, canonical, merged, requirements
from audit.waivers import LONGEST, Advisory, Waiver, read
from audit.waivers import judged as waived

TODAY = date(2026, 6, 1)
KNOWN = Advisory("netty", "4.1.53", frozenset({"GHSA-a", "CVE-1"}), "reads too much")
RULES = Rules(
    frozenset({"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"}),
    {"MIT License": "MIT"},
    {"said": "MIT"},
    {"certi*": {"licence": "MPL-2.0", "why": "a list"}},
)


def test_a_waiver_holds_until_its_day_and_no_longer() -> None:
    waiver = Waiver("CVE-1", "netty", "not used", TODAY)
    assert waived([KNOWN], [waiver], TODAY) == []
    ended = waived([KNOWN], [waiver], TODAY + timedelta(days=1))
    assert "ended on 2026-06-01" in ended[0]
    assert "CVE-1, GHSA-a" in ended[1]


def test_what_nobody_waives_is_wrong() -> None:
    assert waived([KNOWN], [], TODAY) == [str(KNOWN)]
    other = Waiver("CVE-1", "another", "not used", TODAY)
    assert waived([KNOWN], [other], TODAY) == ["the waiver of CVE-1 for another waives nothing: remove it", str(KNOWN)]
    for_ever = Waiver("CVE-1", "netty", "not used", TODAY + LONGEST + timedelta(days=1))
    assert "lasts longer" in waived([KNOWN], [for_ever], TODAY)[0]


@pytest.mark.parametrize(
    "entry", ['id="a"\npackage="b"\nuntil=2026-01-01', 'id="a"\npackage="b"\nwhy=" "\nuntil=2026-01-01',
              'id="a"\npackage="b"\nwhy="c"\nuntil="2026-01-01"']
)  # fmt: skip
def test_a_waiver_without_a_reason_or_a_day_is_refused(tmp_path: Path, entry: str) -> None:
    (tmp_path / "waivers.toml").write_text(f"[[waiver]]\n{entry}\n")
    with pytest.raises(ValueError, match="until"):
        read(tmp_path / "waivers.toml")


def test_the_waivers_that_ship_can_be_read() -> None:
    waivers = read()
    assert len({(each.id, each.package) for each in waivers}) == len(waivers)


@pytest.mark.parametrize(
    ("expression", "permitted"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR GPL-2.0-only) AND Apache-2.0 WITH LLVM-exception", True),
        ("MIT AND (GPL-2.0-only OR GPL-3.0-only)", False),
        ("MIT WITH LLVM-exception", False),
        ("MIT MIT", False),
        ("(MIT", False),
        ("", False),
    ],
)
def test_an_expression_is_permitted_if_it_leaves_a_permissive_choice(expression: str, permitted: bool) -> None:
    assert RULES.permits(expression) is permitted


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ({"license_expression": "MIT", "license": "GPL"}, "MIT"),
        ({"license": "MIT License"}, "MIT"),
        (
            {"license": "Copyright\nPermission is granted", "classifier": ["License :: OSI Approved :: MIT License"]},
            "MIT",
        ),
        ({"classifier": ["Topic :: Physics"]}, ""),
    ],
)
def test_a_licence_is_found_where_packages_say_it(metadata: dict[str, Any], licence: str) -> None:
    assert RULES.licence("some", metadata) == licence
    assert RULES.licence("said", metadata) == "MIT"


def test_a_licence_outside_the_list_needs_an_exception_of_its_own() -> None:
    good, excepted, changed, silent = (
        Licensed("a", "1", "MIT", "gateway"),
        Licensed("certifi", "1", "MPL-2.0", "gateway"),
        Licensed("certifi", "2", "GPL-3.0-only", "gateway"),
        Licensed("b", "1", "", "gateway"),
    )
    assert judged([good, excepted], RULES) == []
    assert judged([changed, silent], RULES) == [
        "certifi 2 (gateway): GPL-3.0-only",
        "b 1 (gateway): no licence is stated",
    ]
    assert table([good, excepted, changed], RULES).splitlines()[2:] == [
        "| a | 1 | MIT | gateway |  |",
        "| certifi | 1 | MPL-2.0 | gateway | a list |",
        "| certifi | 2 | GPL-3.0-only | gateway | **not permitted** |",
    ]


def test_every_exception_has_a_reason_and_no_library_of_the_jar_lacks_a_licence() -> None:
    rules = Rules.read()
    assert all(set(each) == {"licence", "why"} and each["why"] for each in rules.exceptions.values())
    libraries = JarList.read().libraries
    assert judged([Licensed(f"{e.group}:{e.artifact}", e.version, e.licence, JAR) for e in libraries], rules) == []


def test_the_list_of_the_jar_is_that_of_the_jar() -> None:
    ts = importlib.util.find_spec("ts")
    assert ts is not None
    assert ts.origin is not None
    jars = JarList.read()
    assert jars.judged(Path(ts.origin).parent.parent / JAR) == []


def test_another_jar_is_told(tmp_path: Path) -> None:
    jar = tmp_path / "other.jar"
    with ZipFile(jar, "w") as archive:
        archive.writestr("io/netty/util/Version.class", b"")
        archive.writestr("evil/Code.class", b"")
    jars = JarList("0" * 64, (Library("io.netty", "netty", "Apache-2.0", ("io/netty", "io/gone")),))
    digest, unknown, gone = jars.judged(jar)
    assert "is not the one" in digest
    assert unknown.endswith("the classes in evil")
    assert gone.endswith("no classes in io/gone")


def test_advisories_are_asked_for_the_versions_that_are_known() -> None:
    questions: list[str] = []

    def ask(purl: str) -> dict[str, Any]:
        questions.append(purl)
        return {"vulns": [{"id": "GHSA-a", "aliases": ["CVE-1"], "summary": "bad"}]} if "http@" in purl else {}

    libraries = [
        Library("io.netty", "netty-all", "Apache-2.0", (), "4.1.53", ("netty-buffer", "netty-codec-http")),
        Library("io.perfmark", "perfmark-api", "Apache-2.0", ()),
    ]
    (found,) = of_jar(libraries, ask)
    assert questions == ["pkg:maven/io.netty/netty-buffer@4.1.53", "pkg:maven/io.netty/netty-codec-http@4.1.53"]
    assert found == Advisory("io.netty:netty-codec-http", "4.1.53", frozenset({"GHSA-a", "CVE-1"}), "bad")


def test_an_answer_of_npm_is_read_and_a_refusal_is_not_taken_for_one() -> None:
    via = {"url": "https://github.com/advisories/GHSA-b", "title": "a server answers any page"}
    said = {"vulnerabilities": {"esbuild": {"range": "<1", "via": [via]}, "user": {"range": "*", "via": ["esbuild"]}}}
    (found,) = read_npm(json.dumps(said), "bundle")
    assert found == Advisory("esbuild", "<1", frozenset({"GHSA-b"}), "a server answers any page")
    with pytest.raises(NotAsked, match="405"):
        read_npm('{"message": "405 Method Not Allowed"}', "bundle")
    with pytest.raises(NotAsked):
        read_npm("", "bundle")


def test_the_audit_is_of_what_the_dockerfiles_install() -> None:
    assert asked(IMAGES["gateway"]) == ["--requirement", "services/gateway/requirements.lock"]
    pinned = ["--constraint", "constraints.txt"]
    assert asked(IMAGES["torchserve"]) == [
        *pinned,
        *("--requirement", "services/torchserve/requirements.txt"),
        "services/core[onnx,torch]",
    ]
    assert asked(IMAGES["training"]) == [*pinned, "torch", "services/core[onnx,torch]", "./training"]
    files = {path for path in ROOT.glob("*/**/Dockerfile") if ".venv" not in path.parts}
    assert {path for path in files if re.search(r"\bpip\b", path.read_text())} == set(IMAGES.values())


@pytest.mark.parametrize(("name", "needed"), [("requirements.lock", required()), ("build.lock", built_with())])
def test_the_gateways_lock_has_all_that_is_needed_at_the_pinned_versions_with_digests(
    name: str, needed: list[str]
) -> None:
    """`make lock` has to run after a change of what the packages need, or of constraints.txt."""
    entries = (ROOT / "services" / "gateway" / name).read_text().replace("\\\n", " ").splitlines()[1:]
    locked = {}
    for entry in entries:
        pin, *digests = entry.split(" --hash=")
        assert digests, entry
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest.strip()) for digest in digests)
        package, version = pin.split(";")[0].strip().split("==")
        locked[canonical(package)] = version
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    pins = {canonical(package): version for package, version in pins.items()}
    assert {canonical(re.split(r"[^\w.-]", each)[0]) for each in needed} <= set(locked)
    assert {package: pins.get(package, version) for package, version in locked.items()} == locked


def test_packages_of_several_images_are_one_and_ours_are_none() -> None:
    def entry(name: str, version: str, **info: Any) -> dict[str, Any]:
        return {"metadata": {"name": name, "version": version}, "download_info": info}

    hashed = {"archive_info": {"hashes": {"sha256": "ab"}}}
    packages = merged(
        {
            "gateway": [entry("Some.Name", "1", **hashed), entry("earthgan", "0.1.0", dir_info={})],
            "training": [entry("some_name", "1", **hashed), entry("torch", "2.13.0+cpu", **hashed)],
        }
    )
    assert [(each.name, each.images) for each in packages] == [
        ("some-name", ("gateway", "training")),
        ("torch", ("training",)),
    ]
    assert requirements(packages) == "some-name==1\ntorch==2.13.0\n"


def test_the_bill_names_every_package_and_library_once() -> None:
    package = Package("some-name", "1", {}, "ab" * 32, ("gateway", "training"))
    libraries = JarList.read().libraries
    document = json.loads(bill("0.1.0", [(package, "MIT")], libraries))
    references = [each["bom-ref"] for each in document["components"]]
    assert len(set(references)) == len(references) == 1 + sum(len(each.purls) for each in libraries)
    first = next(each for each in document["components"] if each["name"] == "some-name")
    assert first["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert first["licenses"] == [{"expression": "MIT"}]
    assert {each["value"] for each in first["properties"]} == {"gateway", "training"}


def test_the_tools_are_pinned() -> None:
    lines = (ROOT / "tests" / "audit" / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert {"pip_audit", "bandit", "cyclonedx-python-lib"} <= {pin.split("==")[0] for pin in pins}
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
