/**
 * Starts the page in a frame that has no address and no server. Its HTML holds the built page's modules, in which each names the
 * others by addresses such as "./more.js?v=0123"; here they get addresses that the frame makes itself. The frame's name is the
 * fragment of a permalink: what is shown first.
 */

const NAMED = /"\.\/([\w-]+\.js)\?v=[0-9a-f]+"/g;

const codes = JSON.parse(document.getElementById("codes").textContent);
const addresses = {};

const placed = (text) => text.replace(NAMED, (_, name) => JSON.stringify(addressOf(name)));

/** What workers load. In a frame without an origin, Chromium starts no worker of modules from a blob. */
const OF_WORKERS = ["worker.js", "beside.js"];

function addressOf(name) {
  addresses[name] ??= OF_WORKERS.includes(name)
    ? `data:text/javascript,${encodeURIComponent(placed(codes[name]))}`
    : URL.createObjectURL(new Blob([placed(codes[name])], { type: "text/javascript" }));
  return addresses[name];
}

const said = document.getElementById("earthgan");
said.textContent = placed(said.textContent);
history.replaceState(null, "", location.href.split("#")[0] + window.name);
import(addressOf("main.js"));
