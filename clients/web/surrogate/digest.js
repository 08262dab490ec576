/** Digests and other bytes as text. */

/** Bytes as hexadecimal digits. @param {Uint8Array} bytes */
export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The SHA-256 of bytes as hexadecimal digits. Browsers compute it on https and on localhost only. @param {ArrayBuffer} data */
export const digestOf = async (data) => hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", data)));
