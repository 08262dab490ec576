import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { readGlobe } from "../globe/view.js";
import { readCriterion, textOfCriterion, USUAL } from "../mantle/criterion.js";
import { parseHash } from "../permalink-text.js";
import { formatHash } from "../state.js";

const pages = new URL("../pages/", import.meta.url);
const catalog = {
  variables: ["temperature", "v_radial", "speed"],
  steps: [{ t: 117 }, { t: 118 }],
  shells: Array.from({ length: 199 }, (_, r) => ({ r, radius_km: 3492.25 + 14.5 * r, depth_km: 6371 - 3492.25 - 14.5 * r })),
  default: { variable: "temperature", t: 117, r: 150 },
};
const linksOf = (name) => [...readFileSync(new URL(name, pages), "utf8").matchAll(/href="\.\.\/\.\.\/(#[^"]+)"/g)].map(([, link]) => link.replaceAll("&amp;", "&"));

test("every link of the lesson and of the contest's tasks is understood, and opens what it names", () => {
  const names = readdirSync(pages).filter((name) => name.endsWith(".html"));
  const links = names.flatMap(linksOf);
  assert.equal(linksOf("lesson.html").length, 3);
  assert.equal(linksOf("contest.html").length, 7, "five tasks and two qualities");
  assert.equal(new Set(links).size, links.length);
  for (const link of links) {
    const { state, problems } = parseHash(link, catalog);
    assert.deepEqual(problems, [], link);
    assert.equal(state.t, 118);
    assert.deepEqual(parseHash(formatHash(state), catalog).state, state, "the page writes the same");
    if (state.features) assert.ok(readCriterion(state.features));
    if (state.globe) assert.ok(readGlobe(state.globe));
    for (const name of ["features", "flow", "globe", "place", "compare"]) assert.equal(Boolean(state[name]), link.includes(`${name}=`), link);
  }
});

test("what counts as a feature survives the way through an address", () => {
  assert.deepEqual(readCriterion("1"), USUAL);
  for (const text of ["1", "3,std", "300,unit", "0.5,largest,0.25"]) assert.equal(textOfCriterion(readCriterion(text)), text);
  assert.deepEqual(readCriterion("2.5"), { threshold: 2.5, measure: "std", flow: 0 });
  for (const text of ["0,std", "", "2,mean", "2,std,-1", "x"]) assert.equal(readCriterion(text), null, text);
});
