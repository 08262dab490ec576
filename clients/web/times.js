/** Times between steps. They are numbers like those of steps: 120.25 lies a quarter of the way from step 120 to step 121. */

/** A time in an address is rounded, so a part may seem to begin later, by this share of it at most. */
const NEAR = 0.01;

/** A time as an address holds it. @param {number} t */
export const roundedTime = (t) => Math.round(t * 1000) / 1000;

/**
 * A step, or a time between two steps as if it were one.
 * @param {import("./source.js").Step[]} steps in the order of t @param {number} t @returns {import("./source.js").Step}
 */
export function stepAt(steps, t) {
  const after = steps.findIndex((step) => step.t >= t);
  if (after < 0 || steps[after].t === t || after === 0) return steps.find((step) => step.t === t);
  const [before, later] = [steps[after - 1], steps[after]];
  const share = (t - before.t) / (later.t - before.t);
  const [first, last] = [before.time_myr ?? null, later.time_myr ?? null];
  return { t, label: null, time_myr: first === null || last === null ? null : first + share * (last - first) };
}

/**
 * The next time, if the time from each step to the next is divided into equal parts; null after the last step.
 * @param {import("./source.js").Step[]} steps in the order of t @param {number} t @param {number} parts
 */
export function nextTime(steps, t, parts) {
  const before = steps.findLastIndex((step) => step.t <= t);
  if (before === steps.length - 1) return null;
  const [first, last] = [steps[before].t, steps[before + 1].t];
  const part = Math.floor(((t - first) / (last - first)) * parts + NEAR) + 1;
  return part >= parts ? last : roundedTime(first + (part / parts) * (last - first));
}
