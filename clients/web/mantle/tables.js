/** The features of a step as files, like those that the gateway gives. */

import { cmPerYear } from "./units.js";

const COLUMNS = ["id", "kind", "volume_km3", "top_km", "bottom_km", "lat", "lon", "depth_km", "mean_anomaly", "extreme_anomaly"];
const AT_DEPTH = ["area_km2", "volume_flux", "heat_flux"];

/** @typedef {import("./finder.js").Feature} Feature */

/** A feature without lists: what it has at a depth is named after it. @param {Feature} row */
function flat({ crossings, ...row }) {
  return Object.assign(row, ...crossings.map((crossing) => Object.fromEntries(AT_DEPTH.map((name) => [`${name}_${crossing.asked_km}`, crossing[name]]))));
}

/** A line for each feature (RFC 4180). @param {Feature[]} rows */
export function csvOfFeatures(rows) {
  const depths = rows[0]?.crossings.map(({ asked_km: asked }) => asked) ?? [];
  const names = [...COLUMNS, ...depths.flatMap((depth) => AT_DEPTH.map((name) => `${name}_${depth}`))];
  const lines = rows.map(flat).map((row) => names.map((name) => row[name]).join());
  return [names.join(), ...lines, ""].join("\r\n");
}

/** The outlines with the features' numbers. @param {{rows: Feature[], outlines: {id: string, geometry: object}[]}} found */
export function geojsonOf({ rows, outlines }, units) {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const features = outlines.map(({ id, geometry }) => ({ type: "Feature", id, geometry, properties: flat(byId.get(id)) }));
  return JSON.stringify({ type: "FeatureCollection", ...units, features });
}

/**
 * The units of fluxes. Those of a run whose times are scaled are scaled, too.
 * @param {string} temperature @param {string} velocity units @param {import("../source.js").Catalog} catalog
 */
export function fluxUnits(temperature, velocity, { length_unit: length, time_scale: scale }) {
  const product = (...units) => units.filter((unit) => !["", "1"].includes(unit.trim())).join(" ") || "1";
  const volume = cmPerYear(velocity) !== null && length === "km" ? "km3/yr" : product(velocity, length === "1" ? "" : `${length}2`);
  const scaled = scale ? "scaled " : "";
  return { volume_flux_unit: `${scaled}${volume}`, heat_flux_unit: `${scaled}${product(temperature, volume)}` };
}
