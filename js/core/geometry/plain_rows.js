/** Rows as they are, compared by Euclidean distance: `embedlab.traces.geometry.plain_rows`. */

/** @typedef {import("../floats.js").Floats} Floats */
/** @typedef {import("../table.js").Table} Table */
/** @typedef {import("./unit_rows.js").Rows} Rows */

const LENGTH_MAX = 1e30; // a longer row counts as invalid

/** The rows of a table, NaN where they are invalid. @param {Table} given @param {Table} units @returns {Rows} */
export function plainRows(given, units) {
  const { rows: V, columns: D } = given;
  const table = { ...given, data: given.data.slice() };
  const lengths = new Float64Array(V);
  const zeros = new Float64Array(D);
  for (let row = 0; row < V; row++) {
    const length = distance(table, row, zeros);
    lengths[row] = length <= LENGTH_MAX ? length : NaN;
    if (Number.isNaN(lengths[row])) table.data.fill(NaN, row * D, (row + 1) * D);
  }
  return {
    metric: "euclidean",
    table,
    units,
    lengths,
    nearness: (vector, count) =>
      Float64Array.from({ length: count }, (_, row) => -distance(table, row, vector)),
  };
}

/** How far a row is from a vector. @param {Table} table @param {number} row @param {ArrayLike<number>} vector */
export function distance({ data, columns: D }, row, vector) {
  let square = 0;
  for (let d = 0; d < D; d++) square += (data[row * D + d] - vector[d]) ** 2;
  return Math.sqrt(square);
}
