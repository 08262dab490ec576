"""The images of others that Compose and the Dockerfiles use: `deploy/pinned.env` has a digest of each."""

from __future__ import annotations

import re

from places import ROOT

PINNED = dict(
    line.split("=", 1)
    for line in (ROOT / "deploy" / "pinned.env").read_text().splitlines()
    if line and not line.startswith("#")
)
#: How Compose names an image that a variable may replace.
REPLACED = re.compile(r"\$\{(\w+_IMAGE):-([^}]+)\}")


def test_each_image_of_others_has_a_digest() -> None:
    composed = "".join(path.read_text() for path in sorted(ROOT.glob("docker-compose*.yml")))
    used = dict(REPLACED.findall(composed))
    assert used.keys() == PINNED.keys()
    for variable, tag in used.items():
        assert re.fullmatch(rf"{re.escape(tag)}@sha256:[0-9a-f]{{64}}", PINNED[variable]), variable
    named = re.findall(r"^\s+image: (.*)$", composed, re.MULTILINE)
    assert all(REPLACED.fullmatch(image) for image in named), named


def test_dockerfiles_begin_with_the_image_that_compose_names() -> None:
    tag = PINNED["PYTHON_IMAGE"].partition("@")[0]
    files = [*ROOT.glob("services/*/Dockerfile"), ROOT / "training" / "Dockerfile"]
    assert len(files) >= 4
    for path in files:
        text = path.read_text()
        assert re.findall(r"^ARG PYTHON_IMAGE=(.*)$", text, re.MULTILINE) == [tag], path
        assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${PYTHON_IMAGE}"}, path
