"""The spectral surrogate computed by the browser itself: its numbers are those of `earthgan.kinds.spectral_planner`."""

import base64
import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page
from safetensors.numpy import load_file, save

import flowing
from e2e.client import Faults
from e2e.static_server import static_server
from earthgan import Surrogate
from earthgan.kinds.spectral_arguments import RefinementArguments, SpectralArguments
from earthgan.kinds.spectral_planner import SpectralPlanner
from earthgan.sphere.grid import ShellGrid
from earthgan_training.coding.make import Recipe, add_steps, make_spectral
from earthgan_training.simulations.opening import open_source
from earthgan_training.velocity.gate import measured_verdict
from earthgan_training.velocity.moments import source_moments
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE, ROOT
from spectral_surrogate import DEGREE, FOLLOWERS, PROFILE, evaluated, in_memory, make, stronger, write_raw

#: Of the largest value on a shell: there it is float32, here float64.
TOLERANCE = 1e-5
#: Opens a folder, takes a step unless null, and gives what an expression of them is; arrays come as base64.
PROGRAM = """async ([folder, t, expression]) => {
  const { openSurrogate } = await import("/web/surrogate/surrogate.js");
  const surrogate = await openSurrogate(folder);
  const state = t && (await surrogate.step(t));
  const coded = (value) => {
    if (Array.isArray(value)) return value.map(coded);
    if (!ArrayBuffer.isView(value)) return value;
    const bytes = new Uint8Array(value.buffer);
    const parts = Array.from({ length: Math.ceil(bytes.length / 8192) }, (_, i) =>
      String.fromCharCode(...bytes.subarray(8192 * i, 8192 * (i + 1))));
    return btoa(parts.join(""));
  };
  return coded(await new Function("surrogate", "state", `return ${expression}`)(surrogate, state));
}"""
#: The same, for what cannot be had: the error's name and its message.
FAILURE = """async ([folder, t, expression]) => {
  const { openSurrogate } = await import("/web/surrogate/surrogate.js");
  try {
    const surrogate = await openSurrogate(folder);
    const state = t && (await surrogate.step(t));
    new Function("surrogate", "state", `return ${expression}`)(surrogate, state);
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}"""
#: What a page is like that is no secure context.
NO_DIGESTS = "Object.defineProperty(crypto, 'subtle', { value: undefined })"
#: How long each stage takes, in ms; of what is done again and again the median.
TIMES = """async ([folder, t]) => {
  const { openSurrogate } = await import("/web/surrogate/surrogate.js");
  const timed = async (work) => {
    const start = performance.now();
    const result = await work();
    return [performance.now() - start, result];
  };
  const median = async (work) => {
    const times = [];
    for (let i = 0; i < 5; i++) times.push((await timed(() => work(i)))[0]);
    return times.sort((a, b) => a - b)[2];
  };
  const [opening, surrogate] = await timed(() => openSurrogate(folder));
  const [first, state] = await timed(() => surrogate.step(t));
  const [temperature] = await timed(() => state.shell("temperature", { r: 150 }));
  const [velocity] = await timed(() => state.shells(surrogate.variables, { r: 150 }));
  return {
    opening,
    "the first step": first,
    "the first shell of temperature": temperature,
    "the first shell of all variables": velocity,
    "a step": await median(() => surrogate.step(t)),
    "a shell of temperature": await median((i) => state.shell("temperature", { r: 150 + i })),
    "a shell of all variables": await median((i) => state.shells(surrogate.variables, { r: 150 + i })),
  };
}"""
#: Both poles, where no derivative may be divided by the sine, and longitudes of no even distance.
PLACES_DEG = {"latitudes_deg": [90.0, 34.5, 0.0, -34.5, -90.0], "longitudes_deg": [-180.0, -0.25, 77.7, 179.9]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The modules in `web`, and surrogates beside them: the shipped one, and small ones of every other kind."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text("<!doctype html><title>Surrogates</title>")
    (folder / "favicon.ico").touch()
    (folder / "web").symlink_to(ROOT / "clients" / "web")
    (folder / "default").symlink_to(DEFAULT_SURROGATE)
    (folder / "baseline").symlink_to(BASELINE_SURROGATE)
    raw = write_raw(tmp_path_factory.mktemp("raw"), stirred=True)
    moments = source_moments(open_source([raw]).chosen(steps=(7, 8)), DEGREE)
    make(raw, folder / "gated", gate=measured_verdict(moments, PROFILE.shell_maps(moments.radii_km, DEGREE)))
    for t, times in ((9, 8.0), (10, 0.2)):
        add_steps(folder / "gated", in_memory(range(t, t + 1), True, times=times), [t], lambda *_: None)
    add_steps(folder / "gated", in_memory(range(11, 12), True, changed=stronger(2.5)), [11], lambda *_: None)
    calm = write_raw(tmp_path_factory.mktemp("calm"), profile=PROFILE.model_copy(update={"free_slip": False}))
    make(calm, folder / "no-slip", profile=PROFILE.model_copy(update={"free_slip": False}))
    make(raw, folder / "temperature", profile=None)
    make(write_raw(tmp_path_factory.mktemp("followers"), followers=True), folder / "followers")
    refine_at_random(folder / "gated", folder / "refined")
    recipe = Recipe(
        step_bytes=400,
        degree=flowing.DEGREE,
        nodes=flowing.NODES,
        updates=0,
        profile=flowing.PROFILE,
        key_every=4,
    )
    source = flowing.flowing(16)
    make_spectral(source, range(1, 13), range(1, 9), folder / "keyed", recipe, lambda *_: None, False)
    still = write_raw(tmp_path_factory.mktemp("still"))
    make(
        still,
        folder / "promised",
        step_bytes=300,
        max_error={"temperature": 3.0, "vx": 2e-12, "vy": 2e-12, "vz": 2e-12},
    )
    return folder


def refine_at_random(coded: Path, refined: Path) -> None:
    """A copy of a surrogate with a network that is not trained: every weight of it has a part in what it gives."""
    shutil.copytree(coded, refined)
    arguments = RefinementArguments(shells=6, channels=8, layers=3, field_rms=0.1, error_rms=1e-3)
    weights, rng = load_file(refined / "generator.safetensors"), np.random.default_rng(0)
    for i, (before, after) in enumerate(((5, 8), (8, 8), (8, 1))):
        weights[f"refinement.{i}.weight"] = rng.integers(-127, 128, (after, before, 3, 3)).astype(np.int8)
        weights[f"refinement.{i}.scale"] = rng.uniform(1e-3, 2e-3, after).astype(np.float32)
        weights[f"refinement.{i}.bias"] = rng.normal(0, 0.1, after).astype(np.float32)
    spec = json.loads((refined / "spec.json").read_text())
    weights["refinement.gains"] = rng.uniform(0, 1, DEGREE + 1).astype(np.float32)
    spec["generator"]["arguments"]["refinement"] = arguments.model_dump()
    put_weights(refined, spec, save(weights))


def put_weights(folder: Path, spec: Any, weights: bytes) -> None:
    """A surrogate's weights exchanged, and their digest with them."""
    (folder / "generator.safetensors").write_bytes(weights)
    spec["generator"]["weights"]["sha256"] = sha256(weights).hexdigest()
    (folder / "spec.json").write_text(json.dumps(spec))


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    with static_server(folder) as url:
        yield url


def computed(page: Page, site: str, name: str, t: int | None, expression: str) -> Any:
    page.goto(site)
    return page.evaluate(PROGRAM, [f"/{name}", t, expression])


def floats(text: str) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(text), "<f4")


def misfit(found: str, true: NDArray[np.float32]) -> float:
    """The largest error, of the largest value."""
    return float(np.abs(floats(found).reshape(true.shape) - true).max() / np.abs(true).max())


def failure(page: Page, site: str, name: str, t: int, expression: str = "state") -> str:
    page.goto(site)
    message = page.evaluate(FAILURE, [f"/{name}", t, expression])
    assert message is not None, "nothing failed"
    return message


@pytest.mark.parametrize(
    ("name", "t", "shells"),
    [
        ("default", 120, (0, 99, 198)),
        ("gated", 8, (1, 13, 22)),
        ("gated", 11, (1, 13, 22)),
        ("no-slip", 5, (0, 9, 23)),
        ("promised", 5, (0, 9, 23)),
        ("temperature", 6, (0, 9, 23)),
        ("followers", 6, (0, 9, 23)),
        ("refined", 7, (0, 9, 23)),
    ],
)
def test_shells_are_those_of_python(page: Page, site: str, folder: Path, name: str, t: int, shells: tuple[int]) -> None:
    surrogate = Surrogate(folder / name)
    due = evaluated(surrogate, surrogate.variables, t, shells)
    expression = f"{json.dumps(shells)}.map((r) => state.shells(surrogate.variables, {{ r }}))"
    for r, of_shell in enumerate(computed(page, site, name, t, expression)):
        for variable, found, true in zip(surrogate.variables, of_shell, due[:, r], strict=True):
            # An anomaly is what is left of two temperatures that are float32 there.
            most = 10 * TOLERANCE if variable in (*FOLLOWERS, *surrogate.variables[4:]) else TOLERANCE
            assert misfit(found, true) < most, (variable, shells[r])


@pytest.mark.parametrize(("name", "t"), [("default", 1), ("gated", 7), ("gated", 9), ("gated", 10), ("refined", 8)])
def test_coefficients_are_pythons(page: Page, site: str, folder: Path, name: str, t: int) -> None:
    surrogate = Surrogate(folder / name)
    due = surrogate.conditional_input(t)
    shape, values = computed(page, site, name, None, f"surrogate.coefficients({t}).then((c) => [c.shape, c.values])")
    assert tuple(shape) == due.shape
    assert np.count_nonzero(due) > 1000
    arguments = surrogate.spec.generator.arguments
    assert isinstance(arguments, SpectralArguments)
    if arguments.refinement is None:
        np.testing.assert_array_equal(floats(values).reshape(due.shape), due)
    else:  # by a network, which adds up in float32 there and in float64 here
        error = 1e-5 * arguments.refinement.error_rms
        np.testing.assert_allclose(floats(values).reshape(due.shape), due, rtol=1e-6, atol=error)


@pytest.mark.parametrize("t", [1, 2, 4, 8, 2.25, 4.5, 7.9])
def test_predicted_steps_and_times_between_steps_are_pythons(page: Page, site: str, folder: Path, t: float) -> None:
    """The browser predicts in float64, Python in float32."""
    surrogate = Surrogate(folder / "keyed")
    assert [step.predicted_from for step in surrogate.steps] == [None, 1, 2, 5, None, 5, 6, None]
    due = surrogate.in_units(surrogate.shells(None, surrogate.variables, float(t), [9]), surrogate.variables)[:, 0]
    expression = f"surrogate.state({t}).then((state) => state.shells(surrogate.variables, {{ r: 9 }}))"
    for found, true in zip(computed(page, site, "keyed", None, expression), due, strict=True):
        assert misfit(found, true) < TOLERANCE


@pytest.mark.parametrize(("t", "from_"), [(2, 1), (4, 5), (7, 6)])
def test_a_draft_of_a_predicted_step_is_nearer_to_it_than_the_step_before(
    page: Page, site: str, folder: Path, t: int, from_: int
) -> None:
    """It comes first, and says that it is one. A step that is not predicted shows what is coded of it."""
    program = f"""(async () => {{
      const given = [];
      const coded = async (coefficients, detail) => given.push(detail, surrogate.stateOf(coefficients));
      const whole = surrogate.stateOf(await surrogate.coefficients({t}, {{ coded }}));
      const before = await surrogate.step({from_});
      const fresh = await (await import("/web/surrogate/surrogate.js")).openSurrogate("/keyed");
      const kept = [];
      await fresh.coefficients({t}, {{ coded: async (_, detail) => kept.push(detail) }});
      const shell = (state) => state.shell("temperature", {{ r: 9 }});
      return [given.length, given[0], kept[0], shell(given[1]), shell(before), shell(whole)];
    }})()"""
    count, detail, again, draft, before, whole = computed(page, site, "keyed", None, program)
    assert (count, detail, again) == (2, "draft", "draft")
    drafted, earlier = (np.abs(floats(each) - floats(whole)).mean() for each in (draft, before))
    assert drafted < 0.7 * earlier  # where the flow sees all degrees, as here, a draft is the whole


def test_a_worker_shows_every_step_on_the_way_to_the_latest(page: Page, site: str) -> None:
    """A drag asks for steps sooner than they can be computed. Those that lead to the latest cost no more to show."""
    page.goto(site)
    found = page.evaluate(
        """async () => {
          const { openInWorker } = await import("/web/surrogate/client.js");
          const worker = await openInWorker(`${location.origin}/keyed`);
          const answers = [];
          const ask = (t, isLast) =>
            new Promise((resolve, failed) => {
              const computed = ({ detail, values }) => {
                answers.push([t, detail, values[99]]);
                if (isLast && detail === "refined") resolve();
              };
              worker.compute({ variable: "temperature", t, r: 9 }, { computed, failed });
            });
          await ask(1, true);
          for (const t of [2, 3, 4, 5, 6]) ask(t, false);
          await ask(7, true);
          return answers;
        }"""
    )
    steps = list(dict.fromkeys(t for t, _, _ in found))
    assert steps == sorted(steps), "the drag went back"
    assert [t for t in steps if t > 4] == [5, 6, 7], "step 7 is predicted from 6, and 6 from 5"
    assert found[-1][:2] == [7, "refined"]
    assert len({value for _, _, value in found}) == len(steps)


@pytest.mark.parametrize(("name", "t", "radius_km"), [("default", 121, 6000.1), ("gated", 8, 5000.1)])
def test_any_places_at_any_radius(page: Page, site: str, folder: Path, name: str, t: int, radius_km: float) -> None:
    surrogate = Surrogate(folder / name)
    preset = surrogate.planner
    assert isinstance(preset, SpectralPlanner)
    grid = ShellGrid(radii_km=(radius_km, radius_km + 1), **{axis: tuple(v) for axis, v in PLACES_DEG.items()})
    names = surrogate.variables[:4]  # the others follow from the first by curves
    normalised = preset.on(grid).evaluate(surrogate.conditional_input(t), grid.shell(0), range(4))
    due = surrogate.in_units(normalised, names)[:, 0]
    due[1:] *= surrogate.strength(t)
    place = f"{{ radius_km: {radius_km} }}, {json.dumps(PLACES_DEG)}"
    found = computed(page, site, name, t, f"{json.dumps(names)}.map((name) => state.shell(name, {place}))")
    for variable, values, true in zip(names, found, due, strict=True):
        assert misfit(values, true) < TOLERANCE, variable


def test_promises_concern_the_cells_of_the_grid(page: Page, site: str, folder: Path) -> None:
    """Corrections are added there, and nowhere else."""
    surrogate = Surrogate(folder / "promised")
    corrections = surrogate.kind.corrections(surrogate.folder / surrogate.steps[0].file)
    assert corrections is not None
    shell = int(corrections.cells[0] // np.prod(surrogate.grid.shape[1:])) % surrogate.grid.shape[0]
    radius_km = surrogate.grid.radii_km[shell]
    name = surrogate.variables[int(corrections.cells[0] // np.prod(surrogate.grid.shape))]
    expression = f"[{{ r: {shell} }}, {{ radius_km: {radius_km} }}].map((place) => state.shell('{name}', place))"
    own, elsewhere = (floats(each) for each in computed(page, site, "promised", 5, expression))
    due = evaluated(surrogate, [name], 5, [shell])[0]
    assert misfit(base64.b64encode(own).decode(), due) < TOLERANCE
    assert np.abs(elsewhere.reshape(due.shape) - due).max() > 0.5 * np.abs(corrections.values).max()


def test_a_worker_computes_the_same(page: Page, site: str) -> None:
    due = computed(page, site, "gated", 5, "state.shell('vx', { r: 3 })")
    found = page.evaluate(
        """async () => {
          const program = `
            import { openSurrogate } from "${location.origin}/web/surrogate/surrogate.js";
            const surrogate = await openSurrogate("${location.origin}/gated");
            const state = await surrogate.step(5);
            postMessage(state.shell("vx", { r: 3 }));`;
          const address = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
          const worker = new Worker(address, { type: "module" });
          return new Promise((resolve) => (worker.onmessage = ({ data }) => resolve([data[0], data[999]])));
        }"""
    )
    np.testing.assert_array_equal(np.float32(found), floats(due)[[0, 999]])


def test_it_is_quick_enough_to_move_through(page: Page, site: str) -> None:
    """Prints what docs/browser.md states; the bound is for machines that do much else."""
    page.goto(site)
    times = page.evaluate(TIMES, ["/default", 120])
    print("".join(f"\n{what}: {ms:.0f} ms" for what, ms in times.items()))
    assert sum(times.values()) < 60_000


@pytest.mark.parametrize("file", ["generator.safetensors", "inputs/120.bin"])
def test_altered_bytes_are_refused(page: Page, site: str, folder: Path, file: str) -> None:
    shutil.copytree(DEFAULT_SURROGATE, folder / "altered", dirs_exist_ok=True)
    data = bytearray((folder / "altered" / file).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "altered" / file).write_bytes(data)
    message = failure(page, site, "altered", 120)
    assert message.startswith(f"SurrogateError: /altered/{file}: The file does not have the digest")


def test_where_no_digest_is_compared_damaged_steps_are_noticed(page: Page, site: str, folder: Path) -> None:
    shutil.copytree(DEFAULT_SURROGATE, folder / "unverified")
    page.add_init_script(NO_DIGESTS)
    steps = Surrogate(DEFAULT_SURROGATE).steps
    keys = [step.t for step in steps if step.predicted_from is None]
    origins = {step.predicted_from for step in steps}
    ends = [step.t for step in steps if step.predicted_from == step.t - 1 and step.t not in origins]
    # No other step follows from these, and these follow from different key frames, or are some.
    for t, damaged in (
        (ends[0], lambda data: b""),
        (ends[1], lambda data: data[:-400]),
        (keys[2], lambda data: data + b"\0\0"),
        (ends[3], lambda data: data[:600] + bytes([data[600] ^ 1]) + data[601:]),
        (keys[4], lambda data: data[:2] + bytes([data[2] + 1]) + data[3:]),
    ):
        step = folder / "unverified" / "inputs" / f"{t:03d}.bin"
        step.write_bytes(damaged(step.read_bytes()))
        found = failure(page, site, "unverified", t)
        assert found == f"SurrogateError: /unverified/inputs/{t:03d}.bin: The coded step is damaged."


def test_a_page_without_digests_says_so(page: Page, site: str) -> None:
    assert computed(page, site, "gated", None, "surrogate.verified") is True
    notes: list[str] = []
    page.on("console", lambda message: notes.append(message.text))
    page.add_init_script(NO_DIGESTS)
    assert computed(page, site, "gated", None, "surrogate.verified") is False
    assert notes == ["/gated/ is not verified: browsers compute digests only on https and on localhost."]


def test_what_cannot_be_had_is_one_sentence(page: Page, site: str) -> None:
    for name, t, expression, message in (
        (
            "baseline",
            5,
            "state",
            "/baseline/spec.json: a browser runs surrogates of the kind spectral only, and this one is interpolate.",
        ),
        ("gated", 1, "state", "There is no time step 1: this surrogate has steps between 5 and 11."),
        (
            "gated",
            5,
            "state.shell('speed', { r: 1 })",
            "There is no variable speed: this surrogate has temperature, vx,",
        ),
        ("gated", 5, "state.shell('vx', { r: 24 })", "There is no shell 24: this surrogate has shells 0 to 23."),
        ("gated", 5, "state.shell('vx', { radius_km: 6400 })", "There is no shell at 6400 km: the shells lie between"),
        (
            "gated",
            5,
            "state.shell('vx', { r: 1 }, { latitudes_deg: ['x'], longitudes_deg: [0] })",
            "The grid's latitudes",
        ),
    ):
        found = failure(page, site, name, t, expression)
        assert found.startswith(f"SurrogateError: {message}"), found
        assert "\n" not in found


def test_a_spec_that_says_more_is_refused(page: Page, site: str, folder: Path) -> None:
    """What these modules do not know might change the numbers."""
    (folder / "newer").mkdir()
    spec = json.loads((DEFAULT_SURROGATE / "spec.json").read_text())
    spec["generator"]["arguments"]["later"] = 1
    (folder / "newer" / "spec.json").write_text(json.dumps(spec))
    assert failure(page, site, "newer", 120) == "SurrogateError: /newer/spec.json: this version does not know later."


def test_weights_of_another_surrogate_are_refused(page: Page, site: str, folder: Path) -> None:
    shutil.copytree(DEFAULT_SURROGATE, folder / "mixed")
    spec = json.loads((folder / "mixed" / "spec.json").read_text())
    put_weights(folder / "mixed", spec, (folder / "gated" / "generator.safetensors").read_bytes())
    assert "of the shape that spec.json asks for" in failure(page, site, "mixed", 120)


def test_a_folder_that_is_not_there(page: Page, site: str, faults: Faults) -> None:
    faults.allow("404")
    assert "status 404" in failure(page, site, "nothing", 120)
