/** Maps of rows in two dimensions: `embedlab.traces.geometry.plane`. */
import { zerosLike } from "../floats.js";
import { standardNormals } from "../normal.js";
import { Generator } from "../random.js";
import { range } from "../rows_shown.js";
import { dot, evenlySpread, largest, rowAt } from "./unit_rows.js";

/** @typedef {import("../floats.js").Floats} Floats */
/** @typedef {import("./unit_rows.js").Rows} Rows */
/** @typedef {import("../table.js").Table} Table */
/**
 * @typedef {object} PrincipalAxes  of all rows: they do not depend on a parameter
 * @property {Table} axes    (K, D), K = 4 or fewer
 * @property {Floats} mean
 * @property {number} variance  0 where it is only rounding
 * @property {number} fitted  rows
 * @property {number} square  the mean of their squared lengths
 */
/**
 * @typedef {object} Plane
 * @property {string} name
 * @property {Float32Array} points  (V, 2)
 * @property {number[]} shares  of the variance, along each axis; empty where the map is no projection
 */
/** @typedef {{ queries: number[], near: number[][] }} SampledNeighbors */

export const PLANES = ["pca 1+2", "pca 3+4", "random"];
export const TEN = 10;
const SAMPLE = 50;

/**
 * The projection of all rows onto a plane.
 * @param {Table} rows @param {Floats} lengths @param {PrincipalAxes} principal
 * @param {string} name @param {number} seed
 * @returns {Plane}
 */
export function fitPlane(rows, lengths, principal, name, seed) {
  const first = name === "pca 3+4" ? 2 : 0;
  const axes = name === "random" ? randomAxes(seed, rows) : rowsFrom(principal.axes, first);
  const points = new Float32Array(2 * rows.rows);
  const shares = [0, 1].map((n) => {
    const origin = dot(axes, n, principal.mean);
    const finite = [];
    for (let row = 0; row < rows.rows; row++) {
      points[2 * row + n] = dot(rows, row, rowAt(axes, n)) - origin;
      if (!Number.isNaN(lengths[row])) finite.push(points[2 * row + n]);
    }
    return finite.length && principal.variance > 0 ? varianceOf(finite) / principal.variance : 0;
  });
  return { name, points, shares };
}

/** Two axes from a number on; zeros where there are none. @param {Table} axes @param {number} first @returns {Table} */
function rowsFrom({ data, columns: D }, first) {
  const two = zerosLike(data, 2 * D);
  two.set(data.subarray(first * D, (first + 2) * D));
  return { data: two, rows: 2, columns: D };
}

/** @param {number[]} values */
function varianceOf(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

/**
 * Two orthonormal directions of a seed, in the dtype of the rows: `qr(normal(size=(D, 2)))`.
 *
 * By Householder reflections as in LAPACK, which fix the signs.
 * @param {number} seed @param {Table} rows
 * @returns {Table}
 */
function randomAxes(seed, { data, columns: D }) {
  const draws = standardNormals(new Generator(seed), 2 * D);
  const columns = [0, 1].map((n) => draws.filter((_, at) => at % 2 === n));
  const first = mirrorOf(columns[0], 0);
  const second = mirrorOf(reflect(columns[1], first), 1);
  const axes = zerosLike(data, 2 * D);
  for (let n = 0; n < Math.min(2, D); n++) {
    const unit = Float64Array.from({ length: D }, (_, d) => Number(d === n));
    axes.set(reflect(reflect(unit, second), first), n * D);
  }
  return { data: axes, rows: 2, columns: D };
}

/** What is orthogonal to the mirror that leaves of a vector nothing after position `at`. @param {Float64Array} vector @param {number} at */
function mirrorOf(vector, at) {
  const normal = vector.map((value, d) => (d < at ? 0 : value));
  if (!normal.subarray(at + 1).some(Boolean)) return null;
  normal[at] += (vector[at] < 0 ? -1 : 1) * Math.sqrt(square(normal));
  return normal;
}

/** @param {Float64Array} vector @param {Float64Array | null} normal */
function reflect(vector, normal) {
  if (!normal) return vector;
  const along = vector.reduce((sum, value, d) => sum + value * normal[d], 0);
  return vector.map((value, d) => value - (2 * along * normal[d]) / square(normal));
}

/** @param {Float64Array} vector */
const square = (vector) => vector.reduce((sum, value) => sum + value * value, 0);

/** Some of the first rows, evenly spread, and their ten nearest. @param {Rows} rows @param {number} count @returns {SampledNeighbors} */
export function sampleNeighbors({ table, lengths, nearness }, count) {
  const finite = range(count).filter((row) => !Number.isNaN(lengths[row]));
  const some = evenlySpread(Math.max(0, finite.length - 1), Math.min(SAMPLE, finite.length));
  const queries = some.map((at) => finite[at]);
  const near = queries.map((row) => largest(nearness(rowAt(table, row), count), TEN, [row]));
  return { queries, near };
}

/** How many of the ten nearest of a row are also the ten nearest on the map, on average. @param {Plane} plane @param {SampledNeighbors} sample @param {number} count */
export function typicalOf({ points }, { queries, near }, count) {
  if (queries.length < 2) return 0;
  let common = 0;
  const nearness = new Float64Array(count);
  for (const [n, query] of queries.entries()) {
    for (let row = 0; row < count; row++) {
      const x = points[2 * row] - points[2 * query];
      const y = points[2 * row + 1] - points[2 * query + 1];
      nearness[row] = -(x * x + y * y);
    }
    const onMap = largest(nearness, TEN, [query]);
    common += near[n].filter((row) => onMap.includes(row)).length;
  }
  return common / queries.length;
}
