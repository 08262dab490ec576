/**
 * The map in a notebook's cell, as anywidget asks for it: a frame with the page, which gets its files from the notebook's kernel.
 * `earthgan_gateway.notebook` is the other end. The file stands alone, because a notebook has no addresses for modules.
 */

/** What the model and the page both know, and which parameters of a permalink say it. */
const SHARED = {
  variable: (variable) => ({ variable }),
  step: (t) => ({ t }),
  depth_km: (depth) => ({ depth }),
  anomaly: (isOne) => ({ anomaly: isOne ? 1 : null }),
  globe: (isOpen) => ({ globe: isOpen ? 1 : null }),
  place: (place) => ({ place: place && place.join() }),
  view: (view) => Object.fromEntries(["lat", "lng", "zoom"].map((name, i) => [name, view ? view[i] : null])),
};

const WAITING = "The map comes from this notebook's kernel. If this line stays, run the cell again.";

const pages = new WeakMap(); // by model, the promise of its page and files

/** Asks the kernel for something, and waits for the answer. @returns {Promise<{content: object, buffers: Uint8Array[]}>} */
function asked(model, question) {
  return new Promise((resolve) => {
    const answered = (content, buffers) => {
      if (content.answers !== question.ask || content.file !== question.file) return;
      model.off("msg:custom", answered);
      resolve({ content, buffers: buffers.map(bytesOf) });
    };
    model.on("msg:custom", answered);
    model.send(question);
  });
}

/** Notebooks hand over views of bytes, or the bytes. @param {DataView | ArrayBuffer} buffer */
const bytesOf = (buffer) => (ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer));

/** The page, and the surrogate's files as far as the kernel sends them before they are needed. */
async function opened(model) {
  const { content, buffers } = await asked(model, { ask: "page" });
  const [html, ...files] = buffers;
  return { html: new TextDecoder().decode(html), files: new Map(content.files.map((name, i) => [name, files[i]])) };
}

async function fileOf(model, { files }, name) {
  if (!files.has(name)) {
    const { content, buffers } = await asked(model, { ask: "file", file: name });
    if (content.error) return { error: content.error };
    files.set(name, buffers[0]);
  }
  return { data: files.get(name).slice().buffer }; // the page may keep it
}

/** The fragment of a permalink that says what the model does. */
function fragmentOf(model) {
  const parameters = Object.entries(SHARED).flatMap(([name, said]) => Object.entries(said(model.get(name))));
  return `#${new URLSearchParams(parameters.filter(([, value]) => value !== null))}`;
}

const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Whether the notebook has light letters. */
const isDark = (element) => getComputedStyle(element).color.match(/\d+/g).slice(0, 3).every((part) => part > 127);

function render({ model, el }) {
  const frame = document.createElement("iframe");
  let known = {}; // what the page has said of itself
  let shows = 0; // how often the page was asked to show something
  let isReady = false;

  /** Asks the page to show what it does not show yet. */
  const show = (names) => {
    const changed = names.filter((name) => !isSame(known[name], model.get(name)));
    if (!isReady || changed.length === 0) return;
    for (const name of changed) known[name] = model.get(name);
    const parameters = Object.assign({}, ...changed.map((name) => SHARED[name](model.get(name))));
    frame.contentWindow.postMessage({ earthgan: "show", id: ++shows, ...parameters }, "*");
  };

  const heard = async ({ source, data }) => {
    if (source !== frame.contentWindow) return;
    if (data.earthgan === "file") {
      const name = data.file.replace(/^held:\/+/, "").replace(/\?.*$/, "");
      frame.contentWindow?.postMessage({ ...data, ...(await fileOf(model, await pages.get(model), name)) }, "*");
    } else if (data.earthgan === "ready") {
      isReady = true;
      show(Object.keys(SHARED)); // what Python has asked for meanwhile
    } else if ((data.id ?? 0) === shows) tell(data);
  };

  /** Tells Python what the page says, unless Python has asked for something else meanwhile. */
  const tell = ({ earthgan: kind, variable, t: step, depth_km, anomaly, globe, view, place, caption, value, at }) => {
    const pair = (of) => of && [of.lat, of.lng];
    const told = {
      chosen: () => ({ variable, step, depth_km, anomaly, globe, place: pair(place), view: view && [...pair(view), view.zoom] }),
      shown: () => ({ caption }),
      read: () => ({ value, value_at: pair(at) }),
    }[kind]?.();
    if (kind === "chosen") known = told;
    for (const [name, one] of Object.entries(told ?? {})) if (!isSame(model.get(name), one)) model.set(name, one);
    model.save_changes();
  };

  const resize = () => (frame.style.height = `${model.get("height")}px`);
  const changes = Object.keys(SHARED).map((name) => [`change:${name}`, () => show([name])]);
  for (const [name, on] of changes) model.on(name, on);
  model.on("change:height", resize);
  window.addEventListener("message", heard);

  const waiting = document.createElement("p");
  waiting.textContent = WAITING;
  el.append(waiting);
  if (!pages.has(model)) pages.set(model, opened(model));
  pages.get(model).then(({ html }) => {
    frame.title = "EarthGAN";
    frame.name = fragmentOf(model);
    frame.sandbox = "allow-scripts allow-downloads allow-popups";
    frame.style.cssText = `display: block; width: 100%; border: 0; color-scheme: ${isDark(el) ? "dark" : "light"}`;
    for (const name of Object.keys(SHARED)) known[name] = model.get(name);
    resize();
    frame.srcdoc = html;
    waiting.replaceWith(frame);
  });

  return () => {
    window.removeEventListener("message", heard);
    for (const [name, on] of changes) model.off(name, on);
    model.off("change:height", resize);
    frame.remove();
  };
}

export default { render };
