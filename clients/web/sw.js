/**
 * The service worker of a page from files. `earthgan site` writes `SITE` in front of it: a version, which is a digest of all
 * that it has written, the page's own files, the address of zarr.js, and for each surrogate its digest, its folder, and the
 * address of what is written of its Zarr store.
 */

/** A network that takes longer counts as none, if the page is kept. */
const PATIENCE_MS = 3000;
/** Files of a surrogate that are asked for at once, so that the reader's own wishes are not kept waiting. */
const AT_ONCE = 3;

// Several sites of one origin keep their files apart.
const prefix = `earthgan ${registration.scope} `;
const pageCache = `${prefix}page ${SITE.version}`;
const surrogateCache = (digest) => `${prefix}surrogate ${digest}`;

addEventListener("install", (event) => {
  importScripts(SITE.zarr); // browsers keep what is imported now, and only that may be imported later
  event.waitUntil(keepPage());
});
addEventListener("activate", (event) => event.waitUntil(removeOld().then(() => clients.claim())));
addEventListener("message", (event) => {
  const { data, ports: [port] } = event;
  if (!data?.keep) return;
  const tell = (isKept) => port.postMessage({ kept: isKept });
  event.waitUntil(keepSurrogate(data).then(() => tell(true), () => tell(false)));
});
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(registration.scope)) return;
  event.respondWith(request.mode === "navigate" ? navigated(request) : (inStore(request.url) ?? found(request)));
});

async function keepPage() {
  const cache = await caches.open(pageCache);
  await cache.addAll(SITE.page.map((address) => new Request(address, { cache: "no-cache" })));
}

async function removeOld() {
  const known = new Set([pageCache, ...SITE.surrogates.map(({ digest }) => surrogateCache(digest))]);
  const old = (await caches.keys()).filter((name) => name.startsWith(prefix) && !known.has(name));
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function keepSurrogate({ keep, digest }) {
  const cache = await caches.open(surrogateCache(digest));
  const there = new Set((await cache.keys()).map(({ url }) => url));
  const stores = SITE.surrogates.filter((each) => each.digest === digest).map(({ store }) => absolute(store));
  const left = [...keep, ...stores].filter((address) => !there.has(address));
  const next = async () => {
    for (let address = left.shift(); address; address = left.shift()) await cache.add(address);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

const absolute = (address) => new URL(address, registration.scope).href;

/** Answers what asks for a key of a surrogate's Zarr store, `FOLDER/zarr/KEY`. @returns {?Promise<Response>} null for other addresses */
function inStore(url) {
  const { origin, pathname } = new URL(url);
  for (const { folder, store } of SITE.surrogates) {
    const [place, written] = [absolute(folder), absolute(store)];
    if (!`${origin}${pathname}`.startsWith(`${place}zarr/`)) continue;
    if (typeof earthganZarr === "undefined") importScripts(SITE.zarr);
    const key = `${origin}${pathname}`.slice(`${place}zarr/`.length);
    return earthganZarr.answer({ folder: place, written, key }, found);
  }
  return null;
}

/** Addresses of files name their versions, so what is kept is right. */
async function found(request) {
  return (await kept(request)) ?? fetch(request);
}

/** The page itself is asked for first, because there may be a newer one. */
async function navigated(request) {
  const { origin, pathname } = new URL(request.url);
  const scope = new URL(registration.scope);
  const isPage = origin === scope.origin && [scope.pathname, `${scope.pathname}index.html`].includes(pathname);
  const page = isPage ? await kept(registration.scope) : undefined;
  if (!page) return fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, page));
  const answered = fetch(request).then((answer) => (answer.ok || answer.type === "opaqueredirect" ? answer : page), () => page);
  return Promise.race([answered, late]);
}

async function kept(request) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(prefix)) continue;
    const answer = await (await caches.open(name)).match(request, { ignoreVary: true });
    if (answer) return answer;
  }
  return undefined;
}
