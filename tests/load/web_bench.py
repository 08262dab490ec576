"""`make bench-web`: what the page costs in Chromium, beside the numbers to reach.

CPU seconds are those of the page's process, so that other work on the machine hardly changes them. Times and frames
on a slow network do depend on other work. `load.throttle` is that network.
"""

import argparse
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import httpx2 as httpx
import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from e2e.browsers import CHROMIUM_ARGUMENTS
from earthgan.files import write_json
from earthgan_gateway.page.bundle import Bundle
from gateway_server import gateway
from load.lighthouse import scores
from load.throttle import FAST, PHONE, SLOW_PHONE, Network, Relay, relay
from places import DEFAULT_SURROGATE, ROOT

CLIENT = ROOT / "clients" / "web"
#: Each number's label, its target, and the number of digits to print.
LABELS = {
    "first_kb": ("first field, kB", "<= 250", 0),
    "first_requests": ("  requests", "<= 12", 0),
    "first_phone_s": ("  at 150 ms and 1.6 Mbit/s, s", "<= 2.0", 1),
    "first_slow_phone_s": ("  at 400 ms and 0.4 Mbit/s, s", "<= 4", 1),
    "refined_first_kb": ("  until it is refined, kB", "", 0),
    "refined_first_requests": ("    requests", "<= 12", 0),
    "code_kb": ("page and code, compressed, kB", "<= 200", 0),
    "everything_kb": ("  with the whole surrogate, all steps, kB", "<= 1700", 0),
    "opening_cpu_s": ("opening a surrogate, CPU s", "", 2),
    "coded_cpu_s": ("a step: its code, CPU s", "<= 0.08", 3),
    "refined_cpu_s": ("  refined, CPU s", "<= 0.3", 2),
    "predicted_cpu_s": ("  predicted from the one before it, CPU s", "<= 0.45", 2),
    "cold_cpu_s": ("  the last of a chain, from cold, CPU s", "<= 1.8", 2),
    "step_shown_ms": ("a step on the screen, from its slider, ms", "", 0),
    "temperature_cpu_ms": ("a shell of temperature, CPU ms", "", 1),
    "variables_cpu_ms": ("  of all variables, CPU ms", "", 1),
    "time_drag_frames": ("20 steps dragged, one in 60 ms, at 150 ms and 1.6 Mbit/s: frames", ">= 15", 0),
    "time_drag_cpu_ms": ("  CPU ms a frame", "", 0),
    "time_drag_kb": ("  kB", "<= 250", 0),
    "time_drag_again_kb": ("  kB the second time", "0", 0),
    "depth_drag_frames_per_s": ("depth dragged in a loaded step, frames a second", ">= 15", 1),
    "depth_drag_cpu_ms": ("  CPU ms a frame", "<= 66", 0),
    "depth_drag_kb": ("  kB", "0", 0),
    "changed_mb": ("200 steps and depths later: memory of the page's process, MB", "<= 400", 0),
    "changed_growth_mb": ("  grown over the last 100, MB", "", 0),
    "globe_task_ms": ("the globe opens: longest task of the page, ms", "<= 100", 0),
    "globe_step_ms": ("  a step played, ms", "<= 500", 0),
    "lighthouse_performance": ("Lighthouse, on a phone: performance", ">= 95", 0),
    "lighthouse_accessibility": ("  accessibility", "100", 0),
    "lighthouse_best_practices": ("  best practices", "100", 0),
    "lighthouse_seo": ("  search engines", "100", 0),
}
#: The page counts every frame that is whole on the screen.
COUNT_FRAMES = """() => {
  window.frames_shown = [];
  new MutationObserver(() => {
    const { loaded } = document.documentElement.dataset;
    if (loaded && loaded !== window.frames_shown.at(-1)) window.frames_shown.push(loaded);
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-loaded"] });
}"""
#: Moves a slider one place at a time, and returns how many frames were shown until a while after.
DRAG = """async ([id, places, every_ms, after_ms]) => {
  const slider = document.getElementById(id);
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  window.frames_shown.length = 0;
  const start = performance.now();
  for (const [i, place] of places.entries()) {
    await wait(Math.max(0, start + i * every_ms - performance.now()));
    slider.value = place;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
  await wait(after_ms);
  return [window.frames_shown.length, (performance.now() - start) / 1000];
}"""
#: Moves a slider to a place, and returns how long it takes until the map shows another frame.
STEP = """([id, place]) => new Promise((resolve) => {
  const start = performance.now();
  const before = document.documentElement.dataset.loaded;
  new MutationObserver((_, observer) => {
    const { loaded } = document.documentElement.dataset;
    if (!loaded || loaded === before) return;
    observer.disconnect();
    resolve(performance.now() - start);
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-loaded"] });
  const slider = document.getElementById(id);
  slider.value = place;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
})"""
#: Notes when the page has shown its first field, and what it had read by then.
NOTE_FIRST = """new MutationObserver((_, observer) => {
  if (!document.documentElement?.dataset.loaded) return;
  observer.disconnect();
  const entries = ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type));
  const read = entries.filter(({ responseEnd }) => responseEnd);
  const bytes = read.reduce((sum, { transferSize }) => sum + transferSize, 0);
  window.first_shown = { bytes, requests: read.length, ms: performance.now() };
}).observe(document, { attributes: true, subtree: true });"""
#: Notes the longest task of the page from now on.
NOTE_TASKS = """() => {
  window.longest_task_ms = 0;
  const note = (list) => {
    for (const { duration } of list.getEntries()) window.longest_task_ms = Math.max(window.longest_task_ms, duration);
  };
  new PerformanceObserver(note).observe({ type: "longtask" });
}"""
#: Moves the slider of time to a place, and returns how long it takes until the globe shows that step in its cut.
GLOBE_STEP = """(place) => new Promise((resolve) => {
  const start = performance.now();
  const canvas = document.querySelector("#globe canvas");
  const before = canvas.dataset.shown;
  new MutationObserver((_, observer) => {
    if (canvas.dataset.shown === before || !/coarse|whole/.test(canvas.dataset.detail)) return;
    observer.disconnect();
    resolve(performance.now() - start);
  }).observe(canvas, { attributes: true });
  const slider = document.getElementById("time");
  slider.value = place;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
})"""
CHANGES = 200
DRAGGED_STEPS, EVERY_MS, AFTER_MS = 20, 60, 1500


def cpu_s(browser: Browser) -> float:
    """The CPU time of all pages."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return float(sum(each["cpuTime"] for each in processes if each["type"] == "renderer"))


def memory_mb(browser: Browser) -> float:
    """The memory that the processes of all pages alone use."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    used = (psutil.Process(each["id"]).memory_full_info().uss for each in processes if each["type"] == "renderer")
    return float(sum(used)) / 1e6


def open_page(browser: Browser, url: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(NOTE_FIRST)
    page.goto(url)
    page.wait_for_selector("html[data-loaded]", state="attached")
    return page


def first_view(browser: Browser, at: Relay, network: Network, name: str) -> dict[str, float]:
    """The seconds until the first field is shown; on a fast network, what was read by then and until it is refined."""
    at.network = network
    at.reset()
    page = open_page(browser, at.url)
    first = page.evaluate("first_shown")
    found = {f"first_{name}_s": first["ms"] / 1e3}
    if network is FAST:
        page.wait_for_selector("html[data-detail=refined]", state="attached")
        found = {"first_kb": first["bytes"] / 1e3, "first_requests": first["requests"]}
        found |= {"refined_first_kb": at.received_bytes / 1e3, "refined_first_requests": at.requests}
    page.context.close()
    at.network = FAST
    return found


def changing(browser: Browser, url: str, spec: Any) -> dict[str, float]:
    """What a page needs after many changes of its step and its depth."""
    page = open_page(browser, url)
    steps, used = len(spec["inputs"]["steps"]), []
    for i in range(1, CHANGES + 1):
        page.evaluate(STEP, ["time", i % steps] if i % 4 == 0 else ["depth", 20 + 37 * i % 120])
        if i % (CHANGES // 2) == 0:
            page.wait_for_selector("html[data-detail=refined]", state="attached")
            used.append(memory_mb(browser))
    page.context.close()
    return {"changed_mb": used[-1], "changed_growth_mb": used[-1] - used[0]}


def turning(browser: Browser, url: str) -> dict[str, float]:
    """How long the page does not answer while its globe opens, and how long a step of it takes."""
    page = open_page(browser, url)
    page.wait_for_selector("html[data-detail=refined]", state="attached")
    page.evaluate(NOTE_TASKS)
    page.click('#zoom [name="globe"]')
    page.wait_for_selector('#globe canvas[data-detail="whole"][data-drawn="fine"]')
    found = {"globe_task_ms": page.evaluate("longest_task_ms")}
    found["globe_step_ms"] = median(page.evaluate(GLOBE_STEP, place) for place in range(1, 6))
    page.context.close()
    return found


def moved(url: str, path: str) -> int:
    """The bytes of an answer's body, as a browser asks for it."""
    with httpx.stream("GET", f"{url}/{path}", headers={"accept-encoding": "br, gzip"}, trust_env=False) as answer:
        return sum(len(part) for part in answer.raise_for_status().iter_raw())


def sizes(url: str, surrogate: Path, spec: Any) -> dict[str, float]:
    """The page and its code alone, and all that a browser keeps to compute the surrogate."""
    bundle = Bundle.required(CLIENT)
    code = len(gzip.compress(bundle.html.encode(), 9))
    code += sum(moved(url, f"client/bundle/{name}") for name in bundle.versions)
    refines = spec["generator"]["arguments"].get("refinement") is not None
    everything = moved(url, "") + sum(moved(url, f"client/bundle/{name}") for name in bundle.versions)
    everything += sum((surrogate / step["file"]).stat().st_size for step in spec["inputs"]["steps"])
    everything += moved(url, "surrogate/refinement.safetensors.gz") if refines else 0
    return {"code_kb": code / 1e3, "everything_kb": everything / 1e3}


def stepping(browser: Browser, url: str, spec: Any) -> dict[str, float]:
    """How long a reader waits for a step that nobody has asked for before, with no network to wait for."""
    page = open_page(browser, url)
    page.wait_for_selector("html[data-detail=refined]", state="attached")
    # Where steps are predicted, those that are not have a code of their own to show first.
    keys = [i for i, step in enumerate(spec["inputs"]["steps"]) if step.get("predicted_from") is None]
    found = []
    for place in keys[1:6]:
        found.append(page.evaluate(STEP, ["time", place]))
        page.wait_for_selector("html[data-detail=refined]", state="attached")
    page.context.close()
    return {"step_shown_ms": median(found)} if found else {}


def computing(browser: Browser, url: str, spec: Any) -> dict[str, float]:
    """The CPU time of the parts of the surrogate, computed in a page."""
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{url}/client/icon.svg")
    steps = spec["inputs"]["steps"]
    keys = [step["t"] for step in steps if step.get("predicted_from") is None]
    refines = spec["generator"]["arguments"].get("refinement") is not None

    def timed(program: str) -> float:
        before = cpu_s(browser)
        page.evaluate(f"async () => {{ {program}; return null; }}")
        return cpu_s(browser) - before

    opened = f"""
      const {{ openSurrogate }} = await import("{url}/client/surrogate/surrogate.js");
      window.opened = () => openSurrogate("{url}/surrogate/");
      window.surrogate = await window.opened()"""
    stop = "{ coded: async () => { throw new Error('enough'); } }"
    coded = f"for (const t of %s) await surrogate.coefficients(t, {stop}).catch(() => {{}})"
    whole = "for (const t of %s) window.state = await surrogate.step(t)"
    shells = "for (let r = 0; r < 10; r++) state.shells(%s, { r })"
    found = {"opening_cpu_s": timed(opened)}
    few = keys[1:5] or keys
    timed(whole % keys[:1])  # what is computed once
    if refines:
        timed(coded % few)  # which also reads the files
        found["coded_cpu_s"] = timed(coded % few) / len(few)
    found["refined_cpu_s"] = timed(whole % few) / len(few)
    chain = chain_of(steps)
    if chain:
        timed(whole % chain[:2])
        found["predicted_cpu_s"] = timed(whole % chain[2:]) / max(1, len(chain) - 2)
        page.evaluate("async () => { window.surrogate = await window.opened(); return null; }")
        found["cold_cpu_s"] = timed(whole % chain[-1:])
    timed(shells % "['temperature']")
    found["temperature_cpu_ms"] = timed(shells % "['temperature']") * 100
    timed(shells % "surrogate.variables")
    found["variables_cpu_ms"] = timed(shells % "surrogate.variables") * 100
    page.close()
    return found


def chain_of(steps: list[Any]) -> list[int]:
    """A key frame and the steps that are predicted from one another after it: the longest such chain."""
    origins = {step["t"]: step.get("predicted_from") for step in steps}

    def leading_to(t: int) -> list[int]:
        return [t] if origins[t] is None else [*leading_to(origins[t]), t]

    longest = max((leading_to(t) for t in origins), key=len)
    return longest if len(longest) > 1 else []


def dragging(browser: Browser, at: Relay, spec: Any) -> dict[str, float]:
    page = open_page(browser, at.url)
    page.evaluate(COUNT_FRAMES)
    last = len(spec["inputs"]["steps"]) - 1
    places = list(range(1, min(DRAGGED_STEPS, last) + 1))
    at.network = PHONE
    found: dict[str, float] = {}
    for name in ("time_drag", "time_drag_again"):
        page.wait_for_selector("html[data-detail=refined]", state="attached")
        at.reset()
        before = cpu_s(browser)
        frames, _ = page.evaluate(DRAG, ["time", places, EVERY_MS, AFTER_MS])
        page.wait_for_selector("html[data-detail=refined]", state="attached")
        used_ms = 1000 * (cpu_s(browser) - before)
        found |= {f"{name}_frames": frames, f"{name}_kb": at.received_bytes / 1e3}
        found[f"{name}_cpu_ms"] = used_ms / max(1, frames)
    at.network = FAST
    at.reset()
    depths = [20 + i % 100 for i in range(120)]
    before = cpu_s(browser)
    frames, seconds = page.evaluate(DRAG, ["depth", depths, 25, 0])
    used_ms = 1000 * (cpu_s(browser) - before)
    found |= {"depth_drag_frames_per_s": frames / seconds, "depth_drag_kb": at.received_bytes / 1e3}
    found["depth_drag_cpu_ms"] = used_ms / max(1, frames)
    page.context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--surrogate", type=Path, default=DEFAULT_SURROGATE, help="a folder of the kind spectral")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not installed")
    spec = json.loads((arguments.surrogate / "spec.json").read_text())
    numbers: dict[str, float] = {}
    with gateway(arguments.surrogate) as url, relay(url) as at, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGUMENTS))
        parts: list[Callable[[], dict[str, float]]] = [
            lambda: first_view(browser, at, FAST, "fast"),
            lambda: first_view(browser, at, PHONE, "phone"),
            lambda: first_view(browser, at, SLOW_PHONE, "slow_phone"),
            lambda: sizes(url, arguments.surrogate, spec),
            lambda: computing(browser, url, spec),
            lambda: stepping(browser, url, spec),
            lambda: dragging(browser, at, spec),
            lambda: changing(browser, url, spec),
            lambda: turning(browser, url),
            lambda: scores(url, chromium),
        ]
        for part in parts:
            found = part()
            show(found)
            numbers |= found
        browser.close()
    if arguments.json:
        write_json(arguments.json, numbers)


def show(numbers: dict[str, float]) -> None:
    for name, (label, target, digits) in LABELS.items():
        if name in numbers:
            print(f"{label:<66} {numbers[name]:>9.{digits}f}   {target}", flush=True)


if __name__ == "__main__":
    main()
