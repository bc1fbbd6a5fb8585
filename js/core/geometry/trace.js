/** Neighbors of one word, by cosine similarity and on a map: `embedlab.traces.geometry.trace`. */
import { roundingOf } from "../floats.js";
import { formatCount, formatNumber, joinSome, shortLabel } from "../text.js";
import { TEN } from "./plane.js";
import { cosinesWith, largest, rowAt } from "./unit_rows.js";

/** @typedef {import("../floats.js").Floats} Floats */
/** @typedef {import("../table.js").Table} Table */
/** @typedef {import("./plane.js").Plane} Plane */
/** @typedef {import("./word_space.js").WordSpace} WordSpace */
/** @typedef {import("./unit_rows.js").Rows} Rows */
/** @typedef {{ terms: number[], ids: number[], similarities: Float32Array, distances: Float32Array | null, target: Float32Array }} Analogy */
/**
 * @typedef {object} Trace
 * @property {number} picked  row
 * @property {Float32Array} cosines
 * @property {Float32Array} distances
 * @property {Float32Array} mapDistances
 * @property {number[]} near       rows
 * @property {number[]} nearOnMap  rows
 * @property {number[]} closerOnMap  of each near row, how many others are closer on the map
 * @property {Analogy | null} analogy
 */

const ANSWERS = 5;

/**
 * Compare a row with the first `count` rows.
 * @param {Rows} rows @param {Plane} plane @param {number} count @param {number} picked
 * @param {number[] | null} terms  rows of the analogy a - b + c
 * @returns {Trace}
 */
export function traceGeometry(rows, { points, shares }, count, picked, terms) {
  const { metric, table, units, lengths } = rows;
  const cosines = cosinesWith(units, count, rowAt(units, picked));
  if (Number.isNaN(lengths[picked])) cosines.fill(NaN);
  const nearness = metric === "cosine" ? cosines : rows.nearness(rowAt(table, picked), count);
  const round = roundingOf(cosines);
  // Squared lengths are those of rows of length 1 or 0.
  const distances =
    metric === "cosine"
      ? cosines.map((cosine, row) =>
          Math.sqrt(Math.max(round(lengths[picked] + lengths[row] - 2 * cosine), 0)),
        )
      : nearness.map((value) => 0 - value);
  distances[picked] *= 0;
  const mapDistances = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const x = points[2 * row] - points[2 * picked];
    mapDistances[row] = Math.hypot(x, points[2 * row + 1] - points[2 * picked + 1]);
  }
  const near = largest(nearness, TEN, [picked]);
  // The query has distance 0, so it is always among those that are closer.
  const closerOnMap = near.map((row) => {
    const limit = mapDistances[row];
    return Math.max(0, mapDistances.reduce((sum, one) => sum + Number(one < limit), 0) - 1);
  });
  const known = terms?.every((term) => !Number.isNaN(lengths[term]));
  return {
    picked,
    cosines: Float32Array.from(cosines),
    distances: Float32Array.from(distances),
    mapDistances: Float32Array.from(mapDistances),
    near,
    nearOnMap: largest(
      mapDistances.map((distance) => -distance),
      TEN,
      [picked],
    ),
    closerOnMap,
    analogy: terms && known ? analogyOf(rows, points, count, terms, shares.length > 0) : null,
  };
}

/** @param {Rows} rows @param {Float32Array} points @param {number} count @param {number[]} terms @param {boolean} projected @returns {Analogy} */
function analogyOf({ metric, table, units, nearness }, points, count, terms, projected) {
  const [a, b, c] = terms.map((term) => rowAt(table, term));
  const plain = metric !== "cosine";
  const round = plain ? Number : roundingOf(a);
  const sum = (plain ? Float64Array.from(a) : a).map((value, d) => round(value - b[d]) + c[d]);
  const cosines = cosinesWith(units, count, sum);
  const values = plain ? nearness(sum, count) : cosines;
  const ids = largest(values, ANSWERS, terms);
  const [x, y, z] = terms;
  return {
    terms,
    ids,
    similarities: Float32Array.from(ids, (row) => cosines[row]),
    distances: plain ? Float32Array.from(ids, (row) => -values[row]) : null,
    target: Float32Array.from([0, 1], (n) =>
      projected ? points[2 * x + n] - points[2 * y + n] + points[2 * z + n] : NaN,
    ),
  };
}

/** The rows of a prediction: the nearest and others that are near. @param {Trace} trace */
export function candidatesOf({ near, nearOnMap }) {
  const some = [
    ...near.slice(0, 1),
    ...nearOnMap.slice(0, 3),
    ...near.slice(4, 5),
    ...near.slice(9),
  ];
  return [...new Set(some)].sort((a, b) => a - b);
}

/**
 * The run in a few lines, and the picture for somebody who does not see it.
 * @param {Trace} trace @param {Plane} plane @param {WordSpace} space @param {Rows} rows @param {number} count
 * @param {number} typical @param {number} invalid  rows
 */
export function textsOf(trace, plane, space, { metric, units }, count, typical, invalid) {
  const { picked, near, nearOnMap, analogy } = trace;
  const metricName = metric === "cosine" ? "cosine" : "Euclidean distance";
  const values = metric === "cosine" ? trace.cosines : trace.distances;
  /** @param {number} row */
  const name = (row) => shortLabel(space.words[row]) || `#${row}`;
  const both = near.filter((row) => nearOnMap.includes(row)).length;
  const shares = plane.shares.map((share) => `${formatNumber(100 * share, 1)} %`).join(" + ");
  const by = near.map((row) => `${name(row)} ${formatNumber(values[row])}`);
  const on = nearOnMap.map(name);
  const lines = [
    `word    ${name(picked)}, of ${formatCount(count, "word")} with ` +
      `${formatCount(units.columns, "number")} each`,
    `near    ${joinSome(by, TEN, " · ") || "none"}`,
    `on map  ${joinSome(on, TEN, " · ") || "none"}`,
    `map     ${plane.name}${shares && ` shows ${shares} of the variance`}`,
    `        ${both} of the ${formatCount(near.length, "word")} nearest by ${metricName} ` +
      `${both === 1 ? "is" : "are"} among the nearest on the map; ` +
      `${formatNumber(typical, 1)} on average`,
  ];
  if (invalid) lines.push(`lost    ${formatCount(invalid, "row")} with NaN or an infinity`);
  let alt = `A flat map of ${formatCount(count, "word")} around ${name(picked)}.`;
  alt += near.length
    ? ` Nearest by ${metricName}: ${joinSome(near.map(name), 5)}. Nearest on the map: ${joinSome(on, 5)}.`
    : " There is no other word to compare it with.";
  if (analogy) {
    const [a, b, c] = analogy.terms.map(name);
    const sum = `${a} − ${b} + ${c}`;
    const found = analogy.distances ?? analogy.similarities;
    const answers = analogy.ids.map((row, n) => `${name(row)} ${formatNumber(found[n])}`);
    lines.push(`sum     ${sum} → ${joinSome(answers, ANSWERS, " · ")}`);
    if (near.length && answers.length) alt += ` ${sum} gives ${name(analogy.ids[0])}.`;
  }
  return { summary: lines.join("\n"), alt };
}
