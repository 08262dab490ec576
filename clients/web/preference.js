/** The reader's choice of what computes the field: "browser" or "server". Browsers may forbid a page to keep anything. */

const KEPT = "earthgan.engine";

/** @returns {?("browser" | "server")} */
export function remembered() {
  try {
    const kept = localStorage.getItem(KEPT);
    return ["browser", "server"].includes(kept) ? kept : null;
  } catch {
    return null;
  }
}

/** @param {"browser" | "server"} engine */
export function remember(engine) {
  try {
    localStorage.setItem(KEPT, engine);
  } catch {
    // It is asked again the next time.
  }
}
