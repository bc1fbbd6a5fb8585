/** Target changes of a table, and the words of its rows: `embedlab.explorers.inputs.lora_target`. */
import { Generator, rint, twoDecimals } from "../random.js";
import { COLUMNS_MAX, randomTable, ROWS_MAX } from "../table.js";
import { CLASSES, WORDS } from "../toy_language.js";

/** @typedef {import("../answerer.js").Params} Params */

const NOUNS = CLASSES.slice(1, 8).flat();

/** Words for the rows of a small table: four animals, four persons, and so on. */
export const NOUNS_FIRST = [...NOUNS, ...WORDS.filter((word) => !NOUNS.includes(word))];

/**
 * The target change of a table (V, D); `seen` are the trained rows.
 * @param {Params} params @param {number} V @param {number} D @param {number[]} seen
 */
export function targetDelta({ target, seed, edits }, V, D, seen) {
  const change = new Float64Array(V * D);
  if (target === "painted") {
    for (const [row, column, value] of edits)
      if (row < V && column < D) change[row * D + column] = value;
    return change;
  }
  // A larger table has other numbers; a smaller one keeps those already shown when it grows.
  const large = V > ROWS_MAX || D > COLUMNS_MAX;
  if (target === "random") {
    if (large) return new Generator(seed + 1).uniform(-0.9, 0.9, V * D).map(twoDecimals);
    change.set(randomTable(seed + 1, V, D).data);
    return change;
  }
  const directions = randomTable(seed + 1, 2, D, large ? D : COLUMNS_MAX).data;
  if (target === "one word") {
    change.set(directions.subarray(0, D), (seen[0] ?? 0) * D);
    return change;
  }
  const quarter = Math.max(1, rint(V / 4));
  const draws = randomTable(seed + 2, V, 1, large ? 1 : COLUMNS_MAX).data;
  for (let row = 0; row < Math.min(V, 2 * quarter); row++) {
    const strength = 0.7 + 0.3 * draws[row];
    const topic = row < quarter ? 0 : 1;
    for (let d = 0; d < D; d++) change[row * D + d] = strength * directions[topic * D + d];
  }
  return change;
}
