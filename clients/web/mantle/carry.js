/**
 * Carries points along a flow, like `earthgan evaluate --tracers`: the Runge-Kutta method of order four, and a point that leaves
 * the mantle returns to its edge.
 */

/**
 * Points `(component, point)`, in the unit of the radii, after a time.
 * @param {Float64Array} points
 * @param {(points: Float64Array, share: number) => Float64Array} velocityAt their velocities, when a share of the time has passed
 * @param {number} duration less than 0: back in time @param {number} steps
 * @param {[number, number]} radii the least and the greatest
 * @returns {Float64Array}
 */
export function carried(points, velocityAt, duration, steps, radii) {
  const dt = duration / steps;
  const moved = (from, along, time) => from.map((each, i) => each + time * along[i]);
  let at = points;
  for (let i = 0; i < steps; i++) {
    const share = (part) => (i + part) / steps;
    const k1 = velocityAt(at, share(0));
    const k2 = velocityAt(moved(at, k1, dt / 2), share(0.5));
    const k3 = velocityAt(moved(at, k2, dt / 2), share(0.5));
    const k4 = velocityAt(moved(at, k3, dt), share(1));
    at = within(at.map((each, j) => each + (dt / 6) * (k1[j] + 2 * k2[j] + 2 * k3[j] + k4[j])), radii);
  }
  return at;
}

/** Puts points that are too low or too high on the nearest edge. */
function within(points, [inner, outer]) {
  const count = points.length / 3;
  for (let i = 0; i < count; i++) {
    const radius = Math.hypot(points[i], points[count + i], points[2 * count + i]);
    const factor = Math.min(outer, Math.max(inner, radius)) / radius;
    for (let j = i; j < points.length; j += count) points[j] *= factor;
  }
  return points;
}
