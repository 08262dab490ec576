/** Makes elements. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Object<string, string | boolean | ((event: Event) => void)>} [attributes] a function listens to the event of
 *   its name; false leaves an attribute out
 * @param {...(Node | string)} children @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** A button. @param {string} name @param {string} words @param {() => void} click @param {Object<string, string>} [more] attributes */
export const button = (name, words, click, more = {}) => element("button", { type: "button", name, click, ...more }, words);
