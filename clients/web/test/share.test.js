import assert from "node:assert/strict";
import { test } from "node:test";
import { embedded } from "../embed.js";
import { citationOf } from "../more/citation.js";

test("an address names what an embedded page has, and what is unknown is left out", () => {
  assert.equal(embedded(""), null);
  assert.equal(embedded("?data=embed"), null);
  assert.deepEqual(embedded("?embed"), []);
  assert.deepEqual(embedded("?embed=time,Depth&v=1"), ["depth", "time"]);
  assert.deepEqual(embedded("?embed=all below"), ["below"]);
});

const catalog = {
  title: "A mantle", notice: "A simulation, not the Earth.", credit: "", licence: "CC-BY-4.0", digest: `sha256:${"0123456789abcdef".repeat(4)}`,
  generator: { preset: "spectral" },
};

test("a citation says what, whose, which and when", () => {
  const text = citationOf({ ...catalog, credit: "A. Author (2026)" }, "Temperature · 703 km", "https://x.org/#t=1", new Date(2026, 10, 8));
  assert.equal(
    text,
    "A mantle: Temperature · 703 km. A. Author (2026). A simulation, not the Earth. Surrogate 0123456789ab (spectral), drawn by EarthGAN. " +
      "Licence: CC-BY-4.0. https://x.org/#t=1 (seen on 8 November 2026)",
  );
  assert.ok(!citationOf({ ...catalog, licence: "" }, "x", "y").includes("Licence"));
});
