"""Profiles, series and sections that the browser computes: their values are those of the shells at the same places."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from e2e.static_server import static_server
from earthgan_training.simulations.opening import open_source
from earthgan_training.velocity.gate import measured_verdict
from earthgan_training.velocity.moments import source_moments
from places import DEFAULT_SURROGATE, ROOT
from spectral_surrogate import DEGREE, PROFILE, make, write_raw

pytestmark = pytest.mark.page

#: Both poles, the date line, and places between them.
PLACES = [(90, 10), (-90, 0), (12.3, 179.9), (-45.2, -180), (33.3, 77.7), (0, 0.25)]
#: The largest misfit of columns to shells, by quantity, of the largest value; `anomaly` is less the mean of the shell.
MISFITS = """async ([folder, t, names, places]) => {
  const { openSurrogate } = await import("/web/surrogate/surrogate.js");
  const { quantityOf, lessMean } = await import("/web/surrogate/derived.js");
  const { sampleShell } = await import("/web/shell.js");
  const surrogate = await openSurrogate(folder);
  const { below, grid } = surrogate;
  const coefficients = await surrogate.coefficients(t);
  const state = surrogate.stateOf(coefficients);
  const shape = [grid.latitudes_deg.length, grid.longitudes_deg.length];
  const count = surrogate.spec.grid.radii_km.count ?? surrogate.spec.grid.radii_km.length;
  const shells = { first: 1, step: Math.floor((count - 2) / 4), count: 4 };
  const columns = places.map(([lat, lng]) => below.columnAt({ lat, lng }));
  const found = {};
  for (const name of names) {
    for (const anomaly of [false, true]) {
      const wanted = { name, anomaly };
      const values = columns.map((column) =>
        below.valuesAt(column, wanted, below.sums(column.points, coefficients, wanted), coefficients, shells));
      let [misfit, largest] = [0, 0];
      for (let i = 0; i < shells.count; i++) {
        const whole = quantityOf(surrogate, state, name, { r: shells.first + i * shells.step });
        const shell = anomaly ? lessMean(whole, grid) : whole;
        places.forEach(([lat, lng], at) => {
          misfit = Math.max(misfit, Math.abs(values[at][i] - sampleShell({ shape, values: shell }, grid, lat, lng)));
        });
        largest = Math.max(largest, ...shell.map(Math.abs));
      }
      found[`${name}${anomaly ? " less its mean" : ""}`] = misfit / largest;
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The modules in `web`, and surrogates: the shipped one, with velocity of its own, with curves, with a promise."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text("<!doctype html><title>Columns</title>")
    (folder / "favicon.ico").touch()
    (folder / "web").symlink_to(ROOT / "clients" / "web")
    (folder / "default").symlink_to(DEFAULT_SURROGATE)
    raw = write_raw(tmp_path_factory.mktemp("raw"), stirred=True)
    moments = source_moments(open_source([raw]).chosen(steps=(7, 8)), DEGREE)
    make(raw, folder / "gated", gate=measured_verdict(moments, PROFILE.shell_maps(moments.radii_km, DEGREE)))
    make(write_raw(tmp_path_factory.mktemp("followers"), followers=True), folder / "followers")
    promised = {"temperature": 3.0, "vx": 2e-12, "vy": 2e-12, "vz": 2e-12}
    make(write_raw(tmp_path_factory.mktemp("still")), folder / "promised", step_bytes=300, max_error=promised)
    with static_server(folder) as url:
        yield url


@pytest.mark.parametrize(("name", "t"), [("default", 1), ("gated", 8), ("followers", 6), ("promised", 5)])
def test_columns_are_those_of_the_shells(page: Page, site: str, name: str, t: int) -> None:
    page.goto(site)
    names = page.evaluate(
        "async (folder) => (await (await fetch(`${folder}/spec.json`)).json()).variables.map(({ name }) => name)",
        f"/{name}",
    )
    derived = ["temperature_anomaly", "v_radial", "v_theta", "v_phi", "speed"]
    found = page.evaluate(MISFITS, [f"/{name}", t, [*dict.fromkeys([*names, *derived])], PLACES])
    assert len(found) >= 18
    # The mean over a shell's own cells is not quite that of the sphere, over which columns take it.
    assert {what: misfit for what, misfit in found.items() if misfit > 3e-4} == {}, found
