/** Takes what a reader drags over the page and drops on it. The rest is loaded when it is needed. */

/** @param {(text: string) => void} inform */
export function watchDrops(inform) {
  const { dataset } = document.documentElement;
  const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // or the browser would open the file in place of the page
    event.dataTransfer.dropEffect = "copy";
    dataset.dropping = "";
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (relatedTarget === null) delete dataset.dropping; // it has left the page
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    delete dataset.dropping;
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean); // gone after this event
    showFolder(entries, inform);
  });
}

/** @param {(FileSystemEntry | File)[]} dropped @param {(text: string) => void} inform */
export function showFolder(dropped, inform) {
  const failed = () => Promise.reject(new Error("A part of the page could not be loaded."));
  const loading = import("./dropped/dropped.js").catch(failed);
  loading.then(({ show }) => show(dropped)).catch(({ message }) => inform(message));
}
