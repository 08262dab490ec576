"""`make audit`: what the images are made of, and whether any of it is known to be unsafe or not ours to pass on.

PYTHONPATH=tests python -m audit.run, in an environment with tests/audit/requirements.txt alone. Every part runs,
whatever another one finds. The exit code is 0 only if each part has a result and nothing is wrong. A service that
cannot be asked is a failure: nobody would know what it would have said.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

from audit import advisories, bill, licences, waivers
from audit.jars import JAR, JarList
from audit.packages import IMAGES, ROOT, Package, merged, resolved

OUT = ROOT / "test-output" / "audit"
NPM = (ROOT / "clients" / "bundle", ROOT / "clients" / "kernel")
CODE = ("services", "training")


def jar_of(packages: list[Package]) -> Path:
    """The jar of the model server's release, unpacked into the folder of results."""
    (release,) = [f"torchserve=={each.version}" for each in packages if each.name == "torchserve"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(OUT), release]
    subprocess.run(command, check=True)
    (wheel,) = OUT.glob("torchserve-*.whl")
    with ZipFile(wheel) as archive:
        return Path(archive.extract(JAR, OUT))


def vulnerabilities(packages: list[Package], jars: JarList) -> list[str]:
    """Advisories that no waiver names, waivers that do not hold, and services that could not be asked."""
    asked: list[Callable[[], list[waivers.Advisory]]] = [
        lambda: advisories.of_python(packages, OUT),
        lambda: advisories.of_jar(jars.libraries),
        *(lambda folder=folder: advisories.of_npm(folder) for folder in NPM),
    ]
    found, silent = [], []
    for ask in asked:
        try:
            found += ask()
        except advisories.NotAsked as error:
            silent.append(str(error))
    wrong = waivers.judged(found, waivers.read(), datetime.now(UTC).date())
    # Without an answer, a waiver may seem to waive nothing.
    return silent + [each for each in wrong if not (silent and each.endswith("remove it"))]


def code() -> list[str]:
    """What bandit finds in our own code, by the configuration in pyproject.toml."""
    report = OUT / "bandit.json"
    command = [sys.executable, "-m", "bandit", "--quiet", "--recursive", "--configfile", "pyproject.toml"]
    report.unlink(missing_ok=True)
    run = subprocess.run(
        [*command, "--format", "json", "--output", str(report), *CODE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if not report.is_file():
        return [f"bandit did not run: {run.stderr.strip()}"]
    said = json.loads(report.read_text())
    return [f"{each['filename']}: {each['reason']}" for each in said["errors"]] + [
        f"{each['filename']}:{each['line_number']}: {each['test_id']} {each['issue_text']}" for each in said["results"]
    ]


def of_npm() -> list[licences.Licensed]:
    """The packages that build the page, with the licences that their lock files name."""
    locks = [json.loads((folder / "package-lock.json").read_text())["packages"] for folder in NPM]
    return [
        licences.Licensed(path.removeprefix("node_modules/"), each["version"], each.get("license", ""), "page's build")
        for lock in locks
        for path, each in sorted(lock.items())
        if path
    ]


def main() -> int:
    """Run every part, print what is wrong, and return the exit code."""
    OUT.mkdir(parents=True, exist_ok=True)
    rules, jars = licences.Rules.read(), JarList.read()
    packages = merged({image: resolved(image) for image in IMAGES})
    licensed = [(each, rules.licence(each.name, each.metadata)) for each in packages]
    dependencies = [
        *(licences.Licensed(each.name, each.version, licence, ", ".join(each.images)) for each, licence in licensed),
        *(
            licences.Licensed(f"{each.group}:{each.artifact}", each.version, each.licence, JAR)
            for each in jars.libraries
        ),
        *of_npm(),
    ]
    document = bill.bill((ROOT / "services/core/src/earthgan/VERSION").read_text().strip(), licensed, jars.libraries)
    (OUT / "sbom.cdx.json").write_text(document)
    (OUT / "licences.md").write_text(licences.table(dependencies, rules))
    parts = {
        f"bill of materials: {document.count('bom-ref') - 1} components": bill.faults(document),
        f"licences of {len(dependencies)} dependencies": licences.judged(dependencies, rules),
        "libraries in TorchServe's jar": jars.judged(jar_of(packages)),
        "our own code, by bandit": code(),
        f"known vulnerabilities of {len(packages)} Python packages, the jar and the page's build": vulnerabilities(
            packages, jars
        ),
    }
    for name, wrong in parts.items():
        print(f"{'FAILS' if wrong else 'holds'}: {name}")
        for line in wrong:
            print(f"  {line}")
    print(f"written to {OUT.relative_to(ROOT)}: sbom.cdx.json, licences.md, bandit.json, requirements.txt")
    return int(any(parts.values()))


if __name__ == "__main__":
    sys.exit(main())
