import assert from "node:assert/strict";
import { test } from "node:test";
import { tilingOf } from "../pyramid.js";
import { folderAddress } from "../source.js";

const page = "http://localhost:9000/clients/web/index.html?data=x#t=1";

test("a folder is found relative to the page, and ends in a slash", () => {
  assert.equal(folderAddress("../../pyramid", page), "http://localhost:9000/pyramid/");
  assert.equal(folderAddress("../../pyramid/?a#b", page), "http://localhost:9000/pyramid/");
  assert.equal(folderAddress("http://localhost:9000/a b/", page), "http://localhost:9000/a%20b/");
});

test("what is not of the page's own site is refused in one line", () => {
  const strangers = [
    "https://localhost:9000/",
    "http://localhost:9001/",
    "//example.org/",
    "\\\\example.org\\",
    "http://localhost:9000@example.org/",
    "http://[/",
    "data:text/plain,",
    "blob:http://localhost:9000/",
    "javascript:0",
    "file:///pyramid/",
  ];
  for (const asked of strangers) {
    assert.throws(() => folderAddress(asked, page), { message: `data=${asked} is not a folder of this site.` });
  }
});

test("only zooms without a gap up to the last are asked for", () => {
  const tms = "WorldCRS84Quad";
  assert.deepEqual(tilingOf({ tms, zooms: [0, 1, 2] }), { tms, minNativeZoom: 0, maxNativeZoom: 2 });
  assert.deepEqual(tilingOf({ tms, zooms: [0, 2, 3] }), { tms, minNativeZoom: 2, maxNativeZoom: 3 });
  assert.deepEqual(tilingOf({ tms, zooms: [1] }), { tms, minNativeZoom: 1, maxNativeZoom: 1 });
});
