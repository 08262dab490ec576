/** Numbers as a text that spreadsheets read. */

/**
 * @param {string} about a line before the tables
 * @param {{name: string, values: (number | null)[]}[][]} tables the columns of each
 */
export function csvOf(about, tables) {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [`# ${about}`];
  for (const columns of tables.filter(([first]) => first.values.length)) {
    lines.push(columns.map(({ name }) => quoted(name)).join());
    columns[0].values.forEach((_, row) => lines.push(columns.map(({ values }) => values[row] ?? "").join()));
    lines.push("");
  }
  return `${lines.join("\n").trim()}\n`;
}
