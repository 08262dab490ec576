/** Prints kernel.wat as a module that holds its WebAssembly in base64, so that a page needs no further request for it. */

import { readFileSync } from "node:fs";
import wabt from "wabt";

const source = readFileSync(new URL("kernel.wat", import.meta.url), "utf8");
const { buffer } = (await wabt()).parseWat("kernel.wat", source, { simd: true }).toBinary({});
console.log("/** clients/kernel/kernel.wat as WebAssembly, in base64. `make kernel` writes this file. */");
console.log(`export const KERNEL =\n  "${Buffer.from(buffer).toString("base64")}";`);
