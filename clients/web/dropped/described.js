/**
 * What the page needs to know of a surrogate, from its spec.json alone. A gateway and `earthgan site` say the same, and more
 * exactly: they read steps for the ranges of derived quantities and of anomalies.
 */

import { AROUND_ZERO } from "../anomaly.js";
import { cmPerYear } from "../mantle/units.js";
import { ticksOf } from "../range.js";
import { numbersOf } from "../said.js";
import { VELOCITY } from "../surrogate/derived.js";

/** The kinds of surrogates that browsers compute. */
const KINDS = ["spectral"];
/** The depth that is shown first, as a share of the planet's radius: 700 km in the Earth. */
const FIRST_DEPTH = 700 / 6371;
const [TILE_PIXELS, TILES_ACROSS] = [256, 2];
const EARTH = { radius_km: 6371, core_radius_km: null, unit: "km" };
const FROM_ZERO = "crameri:batlow";
const MOST_DECIMALS = 12;

/** Derived quantities of velocity, as `earthgan.quantities` names them. */
const OF_VELOCITY = [
  ["v_radial", "Velocity outwards"], ["v_theta", "Velocity southwards"], ["v_phi", "Velocity eastwards"], ["speed", "Speed"],
];

/** Why this browser cannot show a surrogate, or null. @param {object} spec the content of spec.json @param {string} name the folder's */
export function whyNot(spec, name) {
  const preset = spec?.generator?.arguments?.preset;
  if (!preset || !spec.inputs?.steps?.length || !spec.variables?.length || !spec.grid) return `The file spec.json of ${name} does not describe a surrogate.`;
  if (!KINDS.includes(preset)) return `Browsers do not compute surrogates of the kind ${preset}. \`earthgan serve ${name}\` shows this one.`;
  if (spec.mask || spec.inputs.steps.some(({ mask }) => mask)) return `Some cells of ${name} have no value, which browsers cannot tell yet. \`earthgan serve ${name}\` shows it.`;
  return null;
}

/** @param {object} spec @param {string} digest @returns {import("../source.js").Catalog} */
export function catalogOf(spec, digest) {
  const { radius_km: surface, core_radius_km = null, unit } = { ...EARTH, ...spec.planet };
  const radii = numbersOf(spec.grid.radii_km);
  const rounded = (length) => Number(length.toFixed(Math.max(0, 7 - Math.floor(Math.log10(surface)))));
  const shells = radii.map((radius, r) => ({ r, radius_km: rounded(radius), depth_km: rounded(surface - radius) }));
  const [first] = [...shells].sort((a, b) => Math.abs(a.radius_km - surface * (1 - FIRST_DEPTH)) - Math.abs(b.radius_km - surface * (1 - FIRST_DEPTH)));
  const [latitudes_deg, longitudes_deg] = [spec.grid.latitudes_deg, spec.grid.longitudes_deg].map(numbersOf);
  const said = spec.provenance ?? {};
  const zoom = Math.max(0, Math.ceil(Math.log2(longitudes_deg.length / (TILE_PIXELS * TILES_ACROSS))) + 1);
  const bounds = spec.inputs.max_error;
  return {
    title: spec.title ?? "A surrogate",
    description: spec.description ?? "",
    notice: said.notice ?? "",
    credit: said.credit ?? "",
    licence: said.licence ?? "",
    simulated: said.simulated ?? null,
    time_scale: said.time_scale ?? null,
    digest,
    max_error: bounds ? Object.fromEntries(bounds.map((bound, i) => [spec.variables[i].name, bound])) : null,
    generator: { preset: spec.generator.arguments.preset },
    variables: variablesOf(spec).map(({ name }) => name),
    steps: spec.inputs.steps.map(({ t, label = null, time_myr = null }) => ({ t, label, time_myr })),
    shells,
    surface_radius_km: surface,
    core_radius_km,
    length_unit: unit,
    length_decimals: decimalsOf(shells, radii),
    grid: { latitudes_deg, longitudes_deg },
    tile_matrix_sets: { WorldCRS84Quad: { max_native_zoom: zoom } },
    default: { variable: spec.variables[0].name, t: spec.inputs.steps[0].t, r: first.r },
    draws: null,
  };
}

/** How many decimals lengths need, so that each is exact to a twentieth of the shells' spacing. */
function decimalsOf(shells, radii) {
  const sorted = [...radii].sort((a, b) => a - b);
  const tolerance = Math.min(...sorted.slice(1).map((radius, i) => radius - sorted[i])) / 20;
  const lengths = shells.flatMap(({ radius_km, depth_km }) => [radius_km, depth_km]);
  for (let decimals = 0; decimals < MOST_DECIMALS; decimals++) {
    if (lengths.every((length) => Math.abs(length - Number(length.toFixed(decimals))) <= tolerance)) return decimals;
  }
  return MOST_DECIMALS;
}

/** @param {object} spec @returns {(import("../source.js").Variable & {colormap: string})[]} */
export function variablesOf(spec) {
  const own = spec.variables.map(({ name, long_name = name, unit = "", range, colormap }) => {
    const half = range[0] === -range[1] ? range[1] : (range[1] - range[0]) / 2;
    return { name, long_name, unit, range, anomaly_range: [-half, half], colormap };
  });
  const components = VELOCITY.map((name) => own.find((each) => each.name === name));
  if (!components.every((each) => each && each.unit === components[0].unit && (each.unit !== "" || each.range[0] === -each.range[1]))) return own;
  const most = Math.max(...components.flatMap(({ range }) => range.map(Math.abs)));
  const derived = OF_VELOCITY.filter(([name]) => !own.some((each) => each.name === name)).map(([name, long_name]) => ({
    name, long_name, unit: components[0].unit, range: name === "speed" ? [0, most] : [-most, most], anomaly_range: [-most, most],
    colormap: name === "speed" ? FROM_ZERO : AROUND_ZERO,
  }));
  return [...own, ...derived];
}

/**
 * The legends of variables by name. @param {object} spec @param {ReturnType<typeof variablesOf>} variables
 * @param {import("./palettes.js").Palettes} palettes @returns {Object<string, import("../source.js").Legend>}
 */
export function legendsOf(spec, variables, palettes) {
  const isScaled = (spec.provenance?.time_scale ?? null) !== null;
  const legend = ({ name, long_name, unit, range, colormap }) => {
    const isSpeed = isScaled && unit === "m/s";
    const factor = isSpeed ? cmPerYear(unit) : 1;
    const ends = range.map((end) => end * factor);
    const { colormap: found, colors } = palettes(colormap, ends[0] === -ends[1]);
    return { variable: name, long_name, unit: isSpeed ? "scaled cm/yr" : unit, factor, range: ends, colormap: found, colors, ticks: ticksOf(...ends) };
  };
  return Object.fromEntries(variables.map((variable) => [variable.name, legend(variable)]));
}
