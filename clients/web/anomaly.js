/** A field less its mean on the shell, and the colours for it. */

export { lessMean } from "./surrogate/derived.js";

/** The colour map for what lies around zero. */
export const AROUND_ZERO = "crameri:vik";

/** Whether a variable is one from which the mean has been taken. @param {string} variable */
export const isAnomaly = (variable) => variable.endsWith("_anomaly");

/**
 * The legend of a variable's anomaly, for a page that is told those of the variables alone. It says what the gateway's says.
 * @param {string} name @param {import("./source.js").Variable[]} variables
 * @param {Object<string, import("./source.js").Legend>} legends @param {(legend: object, ends: number[]) => object} withEnds
 */
export function anomalyLegend(name, variables, legends, withEnds) {
  const legend = legends[name];
  const { anomaly_range: ends } = variables.find((variable) => variable.name === name);
  const isAroundZero = legend.range[0] === -legend.range[1];
  const other = isAroundZero ? legend : Object.values(legends).find(({ colormap }) => colormap === AROUND_ZERO);
  const { colors, colormap } = other ?? legend;
  return withEnds({ ...legend, colors, colormap }, ends.map((end) => end * (legend.factor ?? 1)));
}
