/** The depths that people who know the Earth look for, at their places on the slider. */

import { isEarth } from "./planet.js";

/** Where the Earth's mantle changes: two changes of phase, the top of what may be other rock, and the core. */
const DEPTHS_KM = [410, 660, 1600, 2891];
/** Marks that are nearer to each other, as a share of the slider, move their words apart. */
const NEAR = 0.13;

/**
 * @param {import("./source.js").Shell[]} shells the surface first @param {import("./source.js").Catalog} catalog
 * @returns {{depthKm: number, place: number}[]} the place on the slider from 0 to 1; none on another planet
 */
export function marksOf(shells, catalog) {
  const last = shells.length - 1;
  if (!isEarth(catalog) || last < 1) return [];
  const [first, deepest] = [shells[0].depth_km, shells[last].depth_km];
  const gap = (deepest - first) / last;
  return DEPTHS_KM.filter((depthKm) => depthKm >= first - gap && depthKm <= deepest + gap).map((depthKm) => {
    const below = shells.findIndex(({ depth_km }) => depth_km >= depthKm);
    if (below <= 0) return { depthKm, place: below === 0 ? 0 : 1 };
    const [a, b] = [shells[below - 1].depth_km, shells[below].depth_km];
    return { depthKm, place: (below - 1 + (depthKm - a) / (b - a)) / last };
  });
}

/** @param {HTMLElement} element below the slider @param {ReturnType<typeof marksOf>} marks */
export function showMarks(element, marks) {
  element.hidden = marks.length === 0;
  element.replaceChildren(
    ...marks.map(({ depthKm, place }, i) => {
      const mark = document.createElement("span");
      const isNear = (other) => other !== undefined && Math.abs(other.place - place) < NEAR;
      mark.className = place > 0.95 ? "last" : isNear(marks[i + 1]) ? "before" : isNear(marks[i - 1]) ? "after" : ""; // or their words would touch
      mark.textContent = String(depthKm);
      mark.style.setProperty("--place", place);
      return mark;
    }),
  );
}
