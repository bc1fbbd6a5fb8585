/** Which worker holds which row, and who is asked: `embedlab.distributed.sharding` and `plan`. */
import { Generator } from "../random.js";

const BATCHES = 16; // of a plan
const ID_BYTES = 4; // of a row number
export const ITEM_BYTES = 4; // of a number of the table

/**
 * @typedef {object} Sharding
 * @property {string} scheme
 * @property {number} V
 * @property {number} D
 * @property {number} shards   as many as workers, but one for "table_wise"
 * @property {number} hot      rows from 0 on that every shard holds
 * @property {number[]} bounds of the cold rows, or of the columns, in each shard
 * @property {[number, number]} factors  that spread the cold rows, and back
 */
/** The share of a shard in a lookup: which of the distinct ids, and their rows there. @typedef {{ shard: number, positions: number[], rows: number[] }} Part */

/** @param {string} scheme @param {number} V @param {number} D @param {number} workers @param {number} hot @returns {Sharding} */
export function makeSharding(scheme, V, D, workers, hot) {
  const shards = scheme === "table_wise" ? 1 : workers;
  const cold = V - hot;
  const length = scheme === "column_wise" ? D : cold;
  const bounds = Array.from({ length: shards + 1 }, (_, s) => Math.floor((length * s) / shards));
  const factors = scheme === "row_wise_hashed" ? hashFactors(cold) : [1, 1];
  return { scheme, V, D, shards, hot, bounds, factors: /** @type {[number, number]} */ (factors) };
}

/** @param {number} a @param {number} b @returns {number} */
const gcd = (a, b) => (b ? gcd(b, a % b) : a);

/** A factor that spreads 0..size-1 over itself modulo `size`, and its inverse. @param {number} size */
function hashFactors(size) {
  if (size < 2) return [1, 1];
  let factor = Math.max(1, Math.round((size * (Math.sqrt(5) - 1)) / 2));
  while (gcd(factor, size) !== 1) factor++;
  return [factor % size, inverseOf(factor, size)];
}

/** The number whose product with `factor` is 1 modulo `size`: Euclid's algorithm. @param {number} factor @param {number} size */
function inverseOf(factor, size) {
  let [a, b, x, y] = [factor % size, size, 1, 0];
  while (b) {
    const q = Math.floor(a / b);
    [a, b, x, y] = [b, a - q * b, y, x - q * y];
  }
  return ((x % size) + size) % size;
}

/** The rows and columns of a shard. @param {Sharding} sharding @param {number} shard @returns {[number, number]} */
export function shapeOf({ scheme, V, D, hot, bounds }, shard) {
  const length = bounds[shard + 1] - bounds[shard];
  return scheme === "column_wise" ? [V, length] : [hot + length, D];
}

/** The columns of the table that a shard holds, and the one after them. @param {Sharding} sharding @param {number} shard @returns {[number, number]} */
export const columnsOf = ({ scheme, D, bounds }, shard) =>
  scheme === "column_wise" ? [bounds[shard], bounds[shard + 1]] : [0, D];

/** Whether rows are split. @param {Sharding} sharding */
const isRowWise = ({ scheme }) => scheme.startsWith("row_wise");

/** The id of a row of a shard. @param {Sharding} sharding @param {number} shard @param {number} row */
export function globalId(sharding, shard, row) {
  const { V, hot, bounds, factors } = sharding;
  if (!isRowWise(sharding) || row < hot) return row;
  const cold = bounds[shard] + row - hot;
  return hot + (V - hot < 2 ? cold : (cold * factors[1]) % (V - hot));
}

/** Distinct ids by shard; shards without any are left out. @param {Sharding} sharding @param {number[]} ids @returns {Part[]} */
export function partsOf(sharding, ids) {
  const { shards, hot, V, bounds, factors } = sharding;
  if (!ids.length) return [];
  /** @type {Part[]} */
  const parts = Array.from({ length: shards }, (_, shard) => ({ shard, positions: [], rows: [] }));
  if (!isRowWise(sharding))
    return parts.map(({ shard }) => ({ shard, positions: [...ids.keys()], rows: ids }));
  /** @type {number[]} */
  const copies = [];
  /** @type {[number, number][]} */
  const places = ids.map((id, position) => {
    if (id < hot) {
      copies.push(position);
      return [0, id];
    }
    const cold = V - hot < 2 ? id - hot : ((id - hot) * factors[0]) % (V - hot);
    let shard = 0;
    while (bounds[shard + 1] <= cold) shard++;
    return [shard, hot + cold - bounds[shard]];
  });
  const loads = new Array(shards).fill(0);
  for (const [position, [shard]] of places.entries()) if (ids[position] >= hot) loads[shard]++;
  let at = 0;
  for (const [shard, more] of fillUp(loads, copies.length).entries())
    for (let n = 0; n < more; n++) places[copies[at++]][0] = shard;
  for (const [position, [shard, row]] of places.entries()) {
    parts[shard].positions.push(position);
    parts[shard].rows.push(row);
  }
  return parts.filter(({ positions }) => positions.length);
}

/** How many of `count` more each of some loads gets, so that the largest is least. @param {number[]} loads @param {number} count */
function fillUp(loads, count) {
  const ordered = [...loads].sort((a, b) => a - b);
  let level = 0;
  let sum = 0;
  for (let number = 1; number <= loads.length; number++) {
    sum += ordered[number - 1];
    level = Math.ceil((count + sum) / number);
    if (number === loads.length || level <= ordered[number]) break;
  }
  const more = loads.map((load) => Math.max(level - load, 0));
  let surplus = more.reduce((total, one) => total + one, 0) - count; // from rounding up
  for (let shard = loads.length - 1; surplus > 0; shard--) {
    if (!more[shard]) continue;
    more[shard]--;
    surplus--;
  }
  return more;
}

/** Each id once, ascending. @param {ArrayLike<number>} ids */
export const distinctOf = (ids) => [...new Set(Array.from(ids))].sort((a, b) => a - b);

/** Ids drawn by a law: `draw_ids`. @param {number} size @param {number} V @param {string} law @param {number} seed */
export function drawIds(size, V, law, seed) {
  const generator = new Generator(seed);
  if (law === "uniform") return Array.from(generator.integers(V, size));
  const head = new Float64Array(V); // harmonic numbers
  let sum = 0;
  for (let n = 0; n < V; n++) head[n] = sum += 1 / (n + 1);
  return Array.from({ length: size }, () => {
    const share = generator.random() * sum;
    let [low, high] = [0, V]; // the first harmonic number above the share
    while (low < high) {
      const middle = (low + high) >> 1;
      if (head[middle] <= share) low = middle + 1;
      else high = middle;
    }
    return Math.min(low, V - 1);
  });
}

/** @type {{ key: string, batches: number[][] }[]} the distinct ids of the last batches drawn */
const drawn = [];

/** The distinct ids of each batch of a plan. @param {number} size @param {number} V @param {string} law @param {number} seed */
function batchesOf(size, V, law, seed) {
  const key = `${size} ${V} ${law} ${seed}`;
  const known = drawn.find((one) => one.key === key);
  if (known) return known.batches;
  const ids = drawIds(BATCHES * size, V, law, seed);
  const batches = Array.from({ length: BATCHES }, (_, n) =>
    distinctOf(ids.slice(n * size, (n + 1) * size)),
  );
  drawn.unshift({ key, batches });
  drawn.length = Math.min(drawn.length, 4);
  return batches;
}

/** Bytes of rows that a batch of a law reads from each worker. @param {Sharding} sharding @param {number} workers @param {number} size @param {string} law @param {number} seed */
export function expectedLoads(sharding, workers, size, law, seed) {
  const loads = new Array(workers).fill(0);
  for (const ids of batchesOf(size, sharding.V, law, seed)) {
    for (const { shard, rows } of partsOf(sharding, ids)) {
      const [first, stop] = columnsOf(sharding, shard);
      loads[shard] += rows.length * (stop - first) * ITEM_BYTES;
    }
  }
  return loads.map((load) => load / BATCHES);
}

/** Bytes of row numbers and gradients that a step sends to each worker: of a replicated row to all. @param {Sharding} sharding @param {number} workers @param {number[]} ids */
export function updateBytes(sharding, workers, ids) {
  const bytes = new Array(workers).fill(0);
  const copied = isRowWise(sharding) ? ids.filter((id) => id < sharding.hot).length : 0;
  const cold = copied ? ids.filter((id) => id >= sharding.hot) : ids;
  for (const { shard, rows } of partsOf(sharding, cold)) bytes[shard] += rows.length;
  return bytes.map((rows, shard) => {
    if (shard >= sharding.shards) return 0;
    const [first, stop] = columnsOf(sharding, shard);
    return (rows + copied) * (ID_BYTES + (stop - first) * ITEM_BYTES);
  });
}

/** Bytes of some row numbers. @param {number} rows */
export const requestBytes = (rows) => rows * ID_BYTES;
