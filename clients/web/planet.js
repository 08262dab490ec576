/** Whether data are of the Earth. */

const [EARTH_KM, WITHIN_KM] = [6371, 30];

/** Whether a planet is as large as the Earth. @param {import("./source.js").Catalog} catalog */
export const isEarth = ({ surface_radius_km: radius, length_unit: unit = "km" }) => unit === "km" && Math.abs(radius - EARTH_KM) <= WITHIN_KM;
