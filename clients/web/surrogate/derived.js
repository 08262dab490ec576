/** Quantities that follow from a surrogate's variables on a shell, like `earthgan.quantities`. */

/** The components of velocity along x, y and z. */
export const VELOCITY = ["vx", "vy", "vz"];

/** @typedef {{sine: number, cosine: number}} Angle */

/** The variables that a quantity needs, and the function of them at a latitude and a longitude. */
const DERIVED = {
  temperature_anomaly: { needs: ["temperature"], at: (kelvins) => kelvins, lessMean: true },
  v_radial: { needs: VELOCITY, at: (x, y, z, lat, lng) => (x * lng.cosine + y * lng.sine) * lat.cosine + z * lat.sine },
  v_theta: { needs: VELOCITY, at: (x, y, z, lat, lng) => (x * lng.cosine + y * lng.sine) * lat.sine - z * lat.cosine },
  v_phi: { needs: VELOCITY, at: (x, y, z, lat, lng) => y * lng.cosine - x * lng.sine },
  speed: { needs: VELOCITY, at: (x, y, z) => Math.hypot(x, y, z) },
};

/**
 * What a quantity is made of: the variables that it needs, and what it is of them at a place.
 * @param {string[]} variables of the surrogate @param {string} name of one of them, or of a derived quantity
 * @returns {{needs: string[], at: (...of: [...number[], Angle, Angle]) => number, lessMean?: boolean}}
 */
export const derivationOf = (variables, name) =>
  (variables.includes(name) ? null : DERIVED[name]) ?? { needs: [name], at: (value) => value };

/**
 * A variable or a derived quantity on a shell.
 * @param {import("./surrogate.js").Surrogate} surrogate @param {import("./surrogate.js").State} state
 * @param {string} name @param {import("./surrogate.js").Place} place
 * @param {import("./surrogate.js").Grid} [grid] the surrogate's own, unless another is given
 * @returns {Float32Array} `(row, column)` in its unit; throws SurrogateError
 */
export function quantityOf(surrogate, state, name, place, grid = surrogate.grid) {
  if (surrogate.variables.includes(name)) return state.shell(name, place, grid);
  const derivation = derivationOf(surrogate.variables, name);
  const out = derived(derivation, state.shells(derivation.needs, place, grid), grid);
  return derivation.lessMean ? lessMean(out, grid) : out;
}

/** A quantity on a shell from the variables that it needs, but for a mean that it may be less. @param {Float32Array[]} shells `(row, column)` each */
export function derived({ needs, at: of }, shells, grid) {
  const [rows, columns] = [Array.from(grid.latitudes_deg, angleOf), Array.from(grid.longitudes_deg, angleOf)];
  const out = new Float32Array(shells[0].length);
  rows.forEach((row, i) => {
    columns.forEach((column, j) => {
      const at = i * columns.length + j;
      out[at] = of(...shells.map((shell) => shell[at]), ...(needs.length > 1 ? [row, column] : []));
    });
  });
  return out;
}

/** Subtracts the mean over the sphere. A cell reaches halfway to its neighbours, or to the pole. */
export function lessMean(values, { latitudes_deg: latitudes, longitudes_deg: longitudes }) {
  const edges = [90, ...latitudes.slice(1).map((latitude, i) => (latitudes[i] + latitude) / 2), -90];
  const bands = latitudes.map((_, i) => (angleOf(edges[i]).sine - angleOf(edges[i + 1]).sine) / 2);
  const around = [longitudes.at(-1) - 360, ...longitudes, longitudes[0] + 360];
  const widths = longitudes.map((_, j) => (around[j + 2] - around[j]) / 720);
  let mean = 0;
  for (let i = 0, at = 0; i < bands.length; i++) {
    for (let j = 0; j < widths.length; j++, at++) mean += bands[i] * widths[j] * values[at];
  }
  return values.map((value) => value - mean);
}

/** @param {number} degrees @returns {Angle} */
export function angleOf(degrees) {
  const radians = (degrees * Math.PI) / 180;
  return { sine: Math.sin(radians), cosine: Math.cos(radians) };
}
