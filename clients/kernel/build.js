/**
 * Prints kernel.wat as a module that holds its WebAssembly in base64, so that a page needs no further request for it. In a
 * second version, a product and its sum are one operation, which some processors and browsers have.
 */

import { readFileSync } from "node:fs";
import wabt from "wabt";

const TERM = /\(f32x4\.add (\(local\.get \$\w+\)) \(f32x4\.mul (\(local\.get \$f\)) (\(local\.get \$\w+\))\)\)/g;
const source = readFileSync(new URL("kernel.wat", import.meta.url), "utf8");
const compiler = await wabt();
const compiled = (text) => {
  const { buffer } = compiler.parseWat("kernel.wat", text, { simd: true, relaxed_simd: true }).toBinary({});
  return Buffer.from(buffer).toString("base64");
};
console.log("/** clients/kernel/kernel.wat as WebAssembly, in base64. `make kernel` writes this file. */");
console.log(`export const KERNEL =\n  "${compiled(source)}";`);
console.log("/** The same with sums of products in one operation, for browsers with relaxed SIMD. */");
console.log(`export const RELAXED =\n  "${compiled(source.replaceAll(TERM, "(f32x4.relaxed_madd $2 $3 $1)"))}";`);
