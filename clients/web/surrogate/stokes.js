/**
 * The flow that a temperature drives at infinite Prandtl number, degree by degree. Viscosity and expansivity vary with
 * radius only. The equations and nodes are those of `earthgan.flow.stokes`, and so are the numbers.
 *
 * With L = l(l + 1), flow `u = U Y r^ + V grad_1 Y`, tractions R and S, viscosity eta and buoyancy f (Hager & O'Connell
 * 1981, eq. A2):
 *
 *     U' = -2 U/r + L V/r
 *     V' = -U/r + V/r + S/eta
 *     R' = 12 eta U/r^2 - 6 L eta V/r^2 + L S/r - f
 *     S' = -6 eta U/r^2 + 2 (2L - 1) eta V/r^2 - R/r - 3 S/r
 *
 * The first, the second and the last equation give V, S and R as matrices times U. One dense system for U remains: the
 * sum of 1/L, 1 and L times matrices that all degrees share. At the two boundary nodes, the boundary conditions replace
 * the momentum balances; there U is zero, and R is unknown instead.
 */

import { Matrix, solve } from "./matrix.js";
import { RadialGrid } from "./radial.js";
import { splined } from "./spline.js";

/** The number of nodes on which the flow is solved. */
const NODES = 96;

/**
 * @param {object} profile spec.json's `stokes` @param {RadialGrid} grid temperature's nodes
 * @param {Matrix[]} temperature for each degree, `(node, mode)`
 * @param {number} scale the temperature unit divided by the velocity unit
 * @returns {{u: Matrix[], v: Matrix[]}} U and V for each degree, `(node, mode)`; degree 0 does not flow
 */
export function flowOf(profile, grid, temperature, scale) {
  const fine = new RadialGrid(NODES, grid.inner, grid.outer);
  const equations = new FlowEquations(fine, viscosityOf(profile, fine.nodes), profile.free_slip);
  const buoyancy = buoyancyOf(profile, fine.nodes);
  const onto = grid.interpolation(fine.nodes);
  const forced = Matrix.of(NODES, grid.count, (i, j) => scale * buoyancy[i] * onto.at(i, j));
  const back = fine.interpolation(grid.nodes);
  const derivative = grid.derivative();
  const flow = { u: [], v: [] };
  const known = new Map(); // degrees of a band share their modes
  const forces = (modes) => known.get(modes) ?? known.set(modes, forced.times(modes)).get(modes);
  temperature.forEach((modes, degree) => {
    const still = new Matrix(grid.count, modes.columns);
    const u = degree === 0 ? still : back.times(equations.radialFlow(degree, forces(modes)));
    for (const boundary of [0, grid.count - 1]) u.row(boundary).fill(0);
    // V follows from continuity on the grid's own nodes, so the discrete velocity is free of divergence up to rounding.
    const slope = derivative.times(u);
    const laplace = degree * (degree + 1) || 1;
    flow.u.push(u);
    flow.v.push(Matrix.of(u.rows, u.columns, (i, j) => (grid.nodes[i] * slope.at(i, j) + 2 * u.at(i, j)) / laplace));
  });
  return flow;
}

class FlowEquations {
  #count;
  #conditions;
  #inverse;
  #constant;
  #laplace;
  #tractionScale;

  /** @param {RadialGrid} grid @param {Float64Array} eta @param {boolean} freeSlip false means no slip */
  constructor(grid, eta, freeSlip) {
    const [count, r, derivative] = [grid.count, grid.nodes, grid.derivative()];
    const square = (element) => Matrix.of(count, count, element);
    const unit = (i, j) => (i === j ? 1 : 0);
    // V = v / L, S = s / L + eta / r and R = a / L + b, each times U.
    const v = square((i, j) => r[i] * derivative.at(i, j) + 2 * unit(i, j));
    const vSlope = derivative.times(v);
    const s = square((i, j) => eta[i] * (vSlope.at(i, j) - v.at(i, j) / r[i]));
    const sSlope = derivative.times(s);
    const a = square((i, j) => -r[i] * sSlope.at(i, j) - 3 * s.at(i, j) - (2 * eta[i] * v.at(i, j)) / r[i]);
    const b = square(
      (i, j) =>
        (-r[i] * derivative.at(i, j) * eta[j]) / r[j] + (eta[i] / r[i]) * (4 * v.at(i, j) - 9 * unit(i, j)),
    );
    for (const part of [a, b]) {
      part.row(0).fill(0);
      part.row(count - 1).fill(0);
    }
    const bSlope = derivative.times(b);
    this.#count = count;
    this.#conditions = freeSlip ? s : v; // eta / r is not needed, because it is multiplied by U, which is zero
    this.#inverse = derivative.times(a);
    this.#constant = square(
      (i, j) =>
        bSlope.at(i, j) - s.at(i, j) / r[i] + ((6 * eta[i]) / r[i] ** 2) * (v.at(i, j) - 2 * unit(i, j)),
    );
    this.#laplace = Float64Array.from(eta, (value, i) => -value / r[i] ** 2);
    // The scale of R relative to U, so that no column outweighs another.
    const mean = eta.reduce((sum, value) => sum + value, 0) / count;
    this.#tractionScale = square((i, j) => (j === 0 || j === count - 1 ? mean * derivative.at(i, j) : 0));
  }

  /** Returns U `(node, mode)` for forces `(node, mode)`. @param {Matrix} forces */
  radialFlow(degree, forces) {
    const buoyancy = new Matrix(forces.rows, forces.columns, forces.values.slice());
    const last = this.#count - 1;
    const laplace = degree * (degree + 1);
    const matrix = new Matrix(this.#count, this.#count);
    for (let i = 0; i <= last; i++) {
      const [row, isBoundary] = [matrix.row(i), i === 0 || i === last];
      if (isBoundary) row.set(this.#conditions.row(i));
      else {
        const [inverse, constant] = [this.#inverse.row(i), this.#constant.row(i)];
        for (let j = 0; j <= last; j++) row[j] = inverse[j] / laplace + constant[j];
        row[i] += laplace * this.#laplace[i];
      }
      for (const j of [0, last]) row[j] = isBoundary ? 0 : degree * this.#tractionScale.at(i, j); // of traction
    }
    for (let i = 0; i <= last; i++) {
      // Rows are scaled to one size, because choosing pivots among rows of 1 and rows of count^4 would lose digits.
      const size = matrix.row(i).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const balance = i === 0 || i === last ? 0 : -1;
      const [row, force] = [matrix.row(i), buoyancy.row(i)];
      for (let j = 0; j < row.length; j++) row[j] /= size;
      for (let j = 0; j < force.length; j++) force[j] = (balance * force[j]) / size;
    }
    const solved = solve(matrix, buoyancy);
    solved.row(0).fill(0);
    solved.row(last).fill(0);
    return solved;
  }
}

/** The relative viscosity `(node,)` at radii in shell thicknesses. */
function viscosityOf({ log_viscosity: { radii_km, values } }, radii) {
  return splined(radii_km, values, inKm(radii_km, radii)).map(Math.exp);
}

/** The strength times the relative expansivity, including sheets: `(node,)` at radii in shell thicknesses. */
function buoyancyOf({ expansivity, sheets, strength }, radii) {
  const radiiKm = inKm(expansivity.radii_km, radii);
  return splined(expansivity.radii_km, expansivity.values, radiiKm).map((rock, i) => {
    const ofSheets = sheets.map(({ radius_km, thickness_km, width_km }) => {
      const shape = Math.exp(-(((radiiKm[i] - radius_km) / width_km) ** 2) / 2);
      return (thickness_km * shape) / (width_km * Math.sqrt(2 * Math.PI));
    });
    return strength * ofSheets.reduce((sum, sheet) => sum + sheet, rock);
  });
}

const inKm = (knotsKm, radii) => radii.map((radius) => radius * (knotsKm.at(-1) - knotsKm[0]));
