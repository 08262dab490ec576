/** The files of what a reader drops or chooses. */

/** A surrogate of more is not kept: browsers have no such room to rely on. */
const MOST_BYTES = 500e6;

/** @typedef {{name: string, files: Map<string, Blob>}} Folder  its files by their path within it */

/**
 * The surrogate's folder in what was dropped: the one whose spec.json lies highest.
 * @param {(FileSystemEntry | File)[]} dropped entries of a drop, or files of a chosen folder, which know their path
 * @returns {Promise<Folder>} rejected with a line for the reader
 */
export async function folderOf(dropped) {
  const all = new Map();
  for (const each of dropped) {
    if (each instanceof Blob) all.set(each.webkitRelativePath || each.name, each);
    else await collect(each, "", all);
  }
  const depth = (path) => path.split("/").length;
  const [spec] = [...all.keys()].filter((path) => /(^|\/)spec\.json$/.test(path)).sort((a, b) => depth(a) - depth(b));
  if (spec === undefined) {
    const name = dropped[0]?.name ?? "This";
    throw new Error(`${name} is not a surrogate's folder: there is no spec.json in it. \`earthgan make\` writes such folders, and \`earthgan view\` shows NetCDF files.`);
  }
  const root = spec.slice(0, -"spec.json".length);
  const files = new Map([...all].filter(([path]) => path.startsWith(root)).map(([path, file]) => [path.slice(root.length), file]));
  const bytes = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  const name = root.split("/").at(-2) ?? "The folder";
  if (bytes > MOST_BYTES) throw new Error(`${name} has ${Math.round(bytes / 1e6)} MB, and a page takes at most ${MOST_BYTES / 1e6} MB.`);
  return { name, files };
}

/** @param {FileSystemEntry} entry @param {string} before the path before its name @param {Map<string, Blob>} into */
async function collect(entry, before, into) {
  const path = before + entry.name;
  if (entry.isFile) {
    into.set(path, await new Promise((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // at most a hundred
    if (some.length === 0) return;
    for (const each of some) await collect(each, `${path}/`, into);
  }
}
