/**
 * Facts derived from a geometry trace: words, their positions on the map, and their neighbors.
 */
import { rowOf } from "../kit/wire.js";

/** @typedef {import("../kit/wire.js").Trace} Trace */
/**
 * @typedef {object} Derived
 * @property {number} V        the rows on the map; a row is numbered by its place among them
 * @property {number} total    the rows that are searched: all of the table's
 * @property {number} D
 * @property {(row: number) => number} id             its number in the table
 * @property {(id: number) => number} seat            the row of a number in the table, or −1
 * @property {boolean} projected  whether the map is a projection
 * @property {number} picked
 * @property {(row: number) => string} name      name on the screen
 * @property {(row: number) => string} text      name that Python accepts
 * @property {ArrayLike<number>} points          x and y of each row, or NaN
 * @property {ArrayLike<number>} cosines         of each row with the picked one
 * @property {ArrayLike<number>} distances           distances in all dimensions
 * @property {boolean} plain                     whether rows are compared as they are, by distance
 * @property {string} by                         the metric in words
 * @property {string} measure                    what the lists show of each word
 * @property {ArrayLike<number>} values          cosines or distances
 * @property {(row: number) => number} nearness  the larger, the nearer; NaN for none
 * @property {ArrayLike<number>} lengths         of the rows, where these are compared as they are
 * @property {ArrayLike<number>} mapDistances           distances on the map
 * @property {number[]} near                     nearest by the metric, the nearest first
 * @property {number[]} nearMap                  nearest on the map
 * @property {number[]} closer                   how many others are closer on the map than each of `near`
 * @property {number[]} choices                  candidates of the prediction
 * @property {number[]} both                     of `near`, those that are in `nearMap`
 * @property {number[] | null} terms             rows of a, b and c
 * @property {number[]} answers
 * @property {ArrayLike<number>} answerValues  cosines or distances
 * @property {ArrayLike<number> | null} labels   codes or numbers, by which the map is colored
 * @property {[number, number] | null} target    where a − b + c lies on the map
 * @property {(row: number) => ArrayLike<number> | null} vector  of the picked row and of `near`, length 1
 */

/** @type {WeakMap<Trace, Derived>} */
const cache = new WeakMap();

/** @param {Trace} trace @returns {Derived} */
export function derive(trace) {
  const before = cache.get(trace);
  if (before) return before;
  const { header, arrays } = trace;
  /** @param {string} name */
  const list = (name) => Array.from(arrays[name]?.data ?? []);
  const named = arrays.named.data;
  const near = list("near");
  const nearMap = list("near_map");
  const target = list("target");
  const ids = arrays.rows?.data;
  const id = (/** @type {number} */ row) => ids?.[row] ?? row;
  const plain = header.params.metric === "euclidean";
  const values = arrays[plain ? "distances" : "cosines"].data;
  const derived = {
    V: header.words.length,
    total: header.total,
    D: header.width,
    id,
    seat: (/** @type {number} */ number) => {
      if (ids) return Array.prototype.indexOf.call(ids, number);
      return number < header.words.length ? number : -1;
    },
    projected: header.shares.length > 0,
    picked: header.picked,
    name: (/** @type {number} */ row) => header.words[row] || `#${id(row)}`,
    text: (/** @type {number} */ row) => (named[row] ? header.words[row] : `#${id(row)}`),
    points: arrays.points.data,
    cosines: arrays.cosines.data,
    distances: arrays.distances.data,
    plain,
    by: plain ? "Euclidean distance" : "cosine",
    measure: plain ? "distance" : "cosine",
    values,
    nearness: (/** @type {number} */ row) => (plain ? -values[row] : values[row]),
    lengths: arrays.lengths?.data ?? [],
    mapDistances: arrays.map_distances.data,
    near,
    nearMap,
    closer: list("closer_on_map"),
    choices: list("candidates"),
    both: near.filter((row) => nearMap.includes(row)),
    terms: header.terms,
    answers: list("answers"),
    answerValues: (arrays.answer_distances ?? arrays.answer_cosines)?.data ?? [],
    labels: arrays.labels?.data ?? null,
    target: /** @type {[number, number] | null} */ (
      target.length === 2 && target.every(Number.isFinite) ? target : null
    ),
    vector: (/** @type {number} */ row) => {
      const at = row === header.picked ? 0 : near.indexOf(row) + 1;
      return at || row === header.picked ? rowOf(arrays.vectors, at) : null;
    },
  };
  cache.set(trace, derived);
  return derived;
}

/** Return whether a row has a finite position. @param {Derived} derived @param {number} row */
export const isFiniteRow = ({ points }, row) => Number.isFinite(points[2 * row]);
