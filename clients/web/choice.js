/** The choice among a site's surrogates. Each has an address of its own. */

/** @param {import("./said.js").Entry[]} entries @param {string} shown the name of the surrogate that is shown */
export function offerChoice(entries, shown) {
  if (entries.length < 2) return;
  const select = document.createElement("select");
  select.id = "surrogate";
  select.append(...entries.map(({ name, title }) => new Option(titleOf(entries, title, name), name, false, name === shown)));
  select.addEventListener("change", () => {
    const address = new URL(location.href);
    address.searchParams.set("surrogate", select.value);
    address.hash = ""; // another surrogate has other steps and depths
    location.assign(address);
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
