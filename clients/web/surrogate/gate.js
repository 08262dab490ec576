/** The runs of shells whose velocity is coded, like `earthgan.flow.gate`. Each run has its own knots. */

import { Matrix } from "./matrix.js";
import { spline } from "./spline.js";

/** Radii closer than this belong to one shell. */
const SAME_KM = 1e-3;

/**
 * @typedef {{first_km: number, last_km: number, knots: number}} StoredRun  shells that are coded as values at evenly spaced knots
 * @param {object} preset spec.json's arguments of the spectral kind
 * @returns {StoredRun[]} one run of all shells if there is no gate
 */
export function storedRuns({ gate = [], inner_km, outer_km, nodes }) {
  if (!gate.length) return [{ first_km: inner_km, last_km: outer_km, knots: nodes }];
  const left = gate.filter((run) => !run.served);
  return left.map(({ first_km, last_km, shells }) => ({ first_km, last_km, knots: Math.min(shells, nodes) }));
}

/**
 * @param {StoredRun[]} runs @param {number} radiusKm
 * @returns {Matrix} `(1, knot)`, which maps values at the knots of all runs to the value at a radius; zero outside the runs
 */
export function knotWeights(runs, radiusKm) {
  const weights = runs.flatMap(({ first_km, last_km, knots }) => {
    if (radiusKm <= first_km - SAME_KM || radiusKm >= last_km + SAME_KM) return Array(knots).fill(0);
    if (knots === 1) return [1];
    const knotsKm = Array.from({ length: knots }, (_, k) => first_km + (k * (last_km - first_km)) / (knots - 1));
    return [...spline(knotsKm, [radiusKm]).values];
  });
  return new Matrix(1, weights.length, Float64Array.from(weights));
}

/** @param {StoredRun[]} runs */
export const knotsOf = (runs) => runs.reduce((sum, { knots }) => sum + knots, 0);
