/** The steps of a surrogate in groups that do not depend on each other. */

/**
 * Each group begins with a step that is not predicted. A step comes after the one from which it is predicted, so that
 * whoever decodes a group in its order decodes every step once.
 * @param {{t: number, predicted_from?: ?number}[]} steps @returns {number[][]}
 */
export function chainsOf(steps) {
  const followers = new Map(steps.map(({ t }) => [t, []]));
  const firsts = [];
  for (const { t, predicted_from: from } of steps) {
    if (Number.isInteger(from) && followers.has(from)) followers.get(from).push(t);
    else firsts.push(t);
  }
  const following = (t) => [t, ...followers.get(t).flatMap(following)];
  return firsts.map(following);
}

/** The groups with the one first that holds a step, and then those nearest to it. @param {number[][]} chains @param {number} t */
export function nearestFirst(chains, t) {
  const distance = (chain) => Math.min(...chain.map((step) => Math.abs(step - t)));
  return [...chains].sort((a, b) => distance(a) - distance(b));
}
