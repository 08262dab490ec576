/** The choice among a site's surrogates. Each has an address of its own. */

/**
 * @param {import("./said.js").Entry[]} entries @param {string} shown the name of the surrogate that is shown
 * @param {import("./source.js").Shell[]} shells its own @param {() => string} hash the state as an address holds it
 */
export function offerChoice(entries, shown, shells, hash) {
  if (entries.length < 2) return;
  const select = document.createElement("select");
  select.id = "surrogate";
  select.append(...entries.map(({ name, title }) => new Option(titleOf(entries, title, name), name, false, name === shown)));
  select.addEventListener("change", () => {
    location.assign(addressOf(select.value, shown, shells, hash()));
  });
  // A page that the reader comes back to shows what it showed.
  addEventListener("pageshow", () => (select.value = shown));
  select.ariaLabel = "Surrogate";
  const title = document.getElementById("title"); // the choice says the same
  title.hidden = true;
  title.after(select);
}

/** Surrogates of the same title are told apart by their names. */
function titleOf(entries, title, name) {
  return entries.filter((entry) => entry.title === title).length > 1 ? `${title} (${name})` : title;
}

/**
 * The address of another surrogate. It has other steps and depths, so it begins anew. A pinned picture stays, and the variable, the
 * step and the depth with it, as far as the other surrogate has them.
 */
function addressOf(name, shown, shells, hash) {
  const address = new URL(location.href);
  const { searchParams: asked } = address;
  const state = new URLSearchParams(hash.slice(1));
  address.hash = "";
  asked.set("surrogate", name);
  if (!state.has("compare")) {
    asked.delete("pinned");
    return address;
  }
  if (!asked.has("pinned")) asked.set("pinned", shown);
  const shell = shells.find(({ r }) => String(r) === state.get("r"));
  state.delete("r");
  if (shell) state.set("depth", String(shell.depth_km));
  address.hash = String(state);
  return address;
}
