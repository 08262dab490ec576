"""The OpenAPI document describes what the gateway answers, and everything that it takes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from earthgan_gateway.formats import FORMATS
from earthgan_gateway.routes import edr_models, feature_models, inference_models, models, stac_models
from earthgan_gateway.routes.problems import Problem
from socketless import Gateway

Operation = dict[str, Any]
BINARY = {"type": "string", "format": "binary"}

PATHS = {
    "/tiles/{var}/{t}/{r}/{z}/{x}/{y}",
    "/tiles/{var}/{t}/{r}/{z}/{x}/{y}.{format}",
    "/tiles/{var}/{t}/{r}/{z}/{x}/{y}@2x.{format}",
    "/tiles/{var}/{t}/{r}/tilejson.json",
    "/shells/{var}.nc",
    "/shells/{var}/{t}/{r}",
    "/shells/{var}/{t}/{r}.{format}",
    "/points/{var}/{t}/{r}",
    "/profiles/{var}/{t}",
    "/series/{var}/{r}",
    "/sections/{var}/{t}",
    "/statistics/{var}/{t}/{r}",
    "/features/{t}",
    "/features/{t}.csv",
    "/features/{t}.geojson",
    "/catalog",
    "/variables",
    "/legends/{var}",
    "/legends/{var}.json",
    "/legends/{var}.png",
    "/colormaps",
    "/wmts/WMTSCapabilities.xml",
    "/ogc",
    "/ogc/conformance",
    "/ogc/collections",
    "/ogc/collections/{var}",
    "/ogc/collections/{var}/position",
    "/ogc/collections/{var}/trajectory",
    "/ogc/collections/{var}/map/tiles",
    "/ogc/collections/{var}/map/tiles/{tms}",
    "/ogc/tileMatrixSets",
    "/ogc/tileMatrixSets/{tms}",
    "/stac",
    "/zarr/{key}",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/earthgan",
    "/v2/models/earthgan/ready",
    "/metrics",
    "/healthz",
    "/servez",
    "/readyz",
}
#: What is only asked for with a body. tests/integration/test_oip.py does so.
POSTS = {"/v2/models/earthgan/infer"}


@pytest.fixture(scope="module")
def fast() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


@pytest.fixture(scope="module")
def document(fast: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fast.get("/openapi.json").text)
    return found


def operation(document: dict[str, Any], path: str) -> Operation:
    methods = document["paths"][path]
    found: Operation = methods["post" if path in POSTS else "get"]
    return found


def example(parameter: dict[str, Any]) -> Any:
    """The example of a parameter or of the one schema that it may have beside null."""
    schemas = [parameter["schema"], *parameter["schema"].get("anyOf", [])]
    return next(schema["examples"][0] for schema in schemas if "examples" in schema)


def address(found: Operation, path: str) -> tuple[str, list[tuple[str, Any]]]:
    """A path filled with the examples of its parameters, and the query that it needs."""
    parameters = found.get("parameters", [])
    filled = path.format(**{p["name"]: example(p) for p in parameters if p["in"] == "path"})
    return filled, [(p["name"], example(p)) for p in parameters if p["in"] == "query" and p["required"]]


def test_every_route_is_in_the_document(document: dict[str, Any]) -> None:
    assert set(document["paths"]) == PATHS | POSTS


@pytest.mark.parametrize("path", sorted(PATHS))
def test_every_answer_has_a_type(document: dict[str, Any], path: str) -> None:
    responses = operation(document, path)["responses"]
    assert responses["200"]["content"]
    for media_type, content in responses["200"]["content"].items():
        if media_type in ("application/json", "application/geo+json", "application/prs.coverage+json"):
            assert content["schema"]["$ref"].startswith("#/components/schemas/")
        elif media_type.startswith(("text/", "application/xml")):
            assert content["schema"] == {"type": "string"}
        else:
            assert content["schema"] == BINARY
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    errors = {status: each["content"] for status, each in responses.items() if status != "200"}
    assert {"422", "429", "500"} <= set(errors)
    assert ("404" in errors) == ("{" in path)
    assert all(content == {"application/problem+json": problem} for content in errors.values())


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = {part.split('"')[0] for part in json.dumps(document).split('"$ref": "#/components/schemas/')[1:]}
    assert references <= set(document["components"]["schemas"])
    assert references >= {"Problem", "Point", "TileJson", "ShellValues", "Catalog"}


def test_every_operation_has_a_name_of_its_own_and_a_description(document: dict[str, Any]) -> None:
    operations = [operation(document, path) for path in PATHS]
    assert len({each["operationId"] for each in operations}) == len(PATHS)
    assert all(each["description"] for each in operations)
    assert all(p["description"] for each in operations for p in each.get("parameters", []))


@pytest.mark.parametrize("path", sorted(PATHS))
def test_every_example_works_and_is_answered_as_the_document_says(
    fast: Gateway, document: dict[str, Any], path: str
) -> None:
    """Each route with what it requires, and then with each optional parameter."""
    found = operation(document, path)
    filled, needed = address(found, path)
    parameters = found.get("parameters", [])
    optional = [(p["name"], example(p)) for p in parameters if p["in"] == "query" and not p["required"]]
    for query in ([], *([each] for each in optional)):
        answer = fast.get(filled, *needed, *query)
        assert answer.status_code == 200, f"{filled} {query}: {answer.text[:200]}"
        media_type = answer.headers["content-type"]
        content = found["responses"]["200"]["content"]
        described = content.get(media_type) or content[media_type.split(";")[0]]
        if "$ref" in described["schema"]:
            assert_is(document, described["schema"]["$ref"].split("/")[-1], answer.json())


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("path", [path for path in sorted(PATHS) if "{format}" in path])
def test_every_format_is_answered_in_its_media_type(
    fast: Gateway, document: dict[str, Any], path: str, form: str
) -> None:
    found = operation(document, path)
    choices = next(p for p in found["parameters"] if p["name"] == "format")["schema"]["enum"]
    answer = fast.get(address(found, path.replace("{format}", form))[0])
    assert answer.status_code == (200 if form in choices else 404)
    if form in choices:
        assert answer.headers["content-type"] == FORMATS[form].media_type
        assert FORMATS[form].media_type in found["responses"]["200"]["content"]


def assert_is(document: dict[str, Any], name: str, answer: Any) -> None:
    """An answer is an instance of the model that the document names, and has nothing that the model does not say."""
    sources = (models, feature_models, edr_models, stac_models, inference_models)
    model: type[BaseModel] = next((m for m in (getattr(each, name, None) for each in sources) if m), Problem)
    assert model.__name__ == name
    model.model_validate(answer, strict=True, extra="forbid")
    properties = document["components"]["schemas"][name]["properties"]
    assert set(answer) <= set(properties)
    assert set(document["components"]["schemas"][name]["required"]) <= set(answer)


@pytest.mark.parametrize("query", ["unknown=1", "lat=1&lat=2"])
@pytest.mark.parametrize("path", sorted(PATHS))
def test_every_error_is_a_problem(fast: Gateway, document: dict[str, Any], path: str, query: str) -> None:
    filled, needed = address(operation(document, path), path)
    answer = fast.get(f"{filled}?{query}", *needed)
    assert answer.status_code == 422
    assert_is(document, "Problem", answer.json())


def texts(schema: dict[str, Any]) -> st.SearchStrategy[str] | None:
    """What a closed schema allows, as a query writes it; None where the schema alone does not decide."""
    schema = next((each for each in schema.get("anyOf", []) if each.get("type") != "null"), schema)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "boolean":
        return st.sampled_from(["true", "false"])
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema["maximum"]).map(str)
    if schema["type"] == "number" and "minimum" in schema:
        return st.floats(schema["minimum"], schema["maximum"]).map(repr)
    if schema.get("pattern", "").startswith("^[0-9a-fA-F]"):
        return st.from_regex(schema["pattern"], fullmatch=True)
    return None


CLOSED = [
    ("/tiles/{var}/{t}/{r}/{z}/{x}/{y}", name) for name in ("anomaly", "steps", "under", "over", "tms", "resampling")
] + [
    ("/shells/{var}/{t}/{r}.{format}", "anomaly"),
    ("/legends/{var}.json", "steps"),
    ("/tiles/{var}/{t}/{r}/tilejson.json", "tms"),
    ("/points/{var}/{t}/{r}", "lat"),
    ("/profiles/{var}/{t}", "lateral_mean"),
    ("/sections/{var}/{t}", "n"),
]


@pytest.mark.parametrize(("path", "name"), CLOSED)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_parameter_takes_what_its_schema_allows_and_nothing_else(
    fast: Gateway, document: dict[str, Any], path: str, name: str, data: st.DataObject
) -> None:
    found = operation(document, path)
    filled, needed = address(found, path)
    schema = next(p for p in found["parameters"] if p["name"] == name)["schema"]
    allowed = texts(schema)
    assert allowed is not None
    others = [(key, value) for key, value in needed if key != name]
    assert fast.get(filled, *others, (name, data.draw(allowed))).status_code == 200
    wrong = data.draw(st.one_of(st.text(max_size=8), st.integers().map(str), st.floats().map(repr)))
    assume(not is_allowed(schema, wrong))
    answer = fast.get(filled, *others, (name, wrong))
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(name)


def is_allowed(schema: dict[str, Any], text: str) -> bool:
    """Whether a text could be a value of the schema in some spelling; only then may the gateway take it."""
    schema = next((each for each in schema.get("anyOf", []) if each.get("type") != "null"), schema)
    if "enum" in schema:
        return text in schema["enum"]
    if schema["type"] == "boolean":
        return text.lower() in {"true", "false", "1", "0", "yes", "no", "on", "off", "t", "f", "y", "n"}
    if schema["type"] in ("integer", "number"):
        try:
            return schema["minimum"] <= float(text) <= schema["maximum"]
        except ValueError:
            return False
    return len(text) == 6 and all(letter in "0123456789abcdefABCDEF" for letter in text)


@pytest.mark.parametrize("path", sorted(PATHS))
def test_the_document_names_every_parameter_that_a_route_takes(
    fast: Gateway, document: dict[str, Any], path: str
) -> None:
    """All names of all routes, each of which the route either documents or refuses."""
    everywhere = {p["name"] for item in document["paths"].values() for p in item.get("get", {}).get("parameters", [])}
    found = operation(document, path)
    filled, needed = address(found, path)
    here = {p["name"] for p in found.get("parameters", []) if p["in"] == "query"}
    for name in everywhere - here:
        answer = fast.get(filled, *needed, (name, "1"))
        assert answer.status_code == 422
        assert f"no parameter {name!r}" in answer.json()["detail"]
