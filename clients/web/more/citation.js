/** Says what a reader has looked at, so that it can be cited. */

/**
 * @param {import("../source.js").Catalog} catalog @param {string} caption what the picture shows @param {string} address
 * @param {Date} [day] @returns {string} one paragraph
 */
export function citationOf({ title, notice, credit, licence, digest, generator }, caption, address, day = new Date()) {
  const date = day.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  const sentences = [
    `${title}: ${caption}`,
    credit,
    notice,
    `Surrogate ${digest.replace("sha256:", "").slice(0, 12)} (${generator.preset}), drawn by EarthGAN`,
    licence && `Licence: ${licence}`,
  ];
  const text = sentences.filter(Boolean).map((sentence) => `${sentence.replace(/\.$/, "")}.`).join(" ");
  return `${text} ${address} (seen on ${date})`;
}

/** Copies a text. Browsers allow it on https and on localhost. @param {string} text @returns {Promise<boolean>} */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
