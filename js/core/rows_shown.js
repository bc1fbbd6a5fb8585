/** The rows and columns of a table that a view shows: `embedlab.explorers.inputs.window`. */
import { formatCount } from "./text.js";

/** Whole numbers from 0. @param {number} count */
export const range = (count) => Array.from({ length: count }, (_, n) => n);

/**
 * At most `most` of `total` rows, sorted: those in use, then the rows around them.
 * @param {Iterable<number>} used @param {number} total @param {number} most
 * @returns {number[]}
 */
export function rowsAround(used, total, most) {
  if (total <= most) return range(total);
  const known = [...new Set(used)].filter((row) => row >= 0 && row < total).slice(0, most);
  const inUse = known.length ? known : [0];
  const chosen = new Set(inUse);
  for (let distance = 1; chosen.size < most; distance++) {
    for (const row of inUse) {
      for (const near of [row - distance, row + distance]) {
        if (near >= 0 && near < total && chosen.size < most) chosen.add(near);
      }
    }
  }
  return [...chosen].sort((a, b) => a - b);
}

/** The word of each row, or "" where it has none. @param {number[]} rows @param {string[]} words */
export const rowLabels = (rows, words) => rows.map((row) => words[row] ?? "");

/** What a view leaves out of a table, or null. @param {number[]} shape @param {number} rows @param {number} columns */
export function windowNote([height, width], rows, columns) {
  const parts = [];
  if (rows < height) parts.push(`${formatCount(rows)} of ${formatCount(height)} rows`);
  if (columns < width) parts.push(`columns 0 to ${columns - 1} of ${formatCount(width)}`);
  return parts.length ? `Shown: ${parts.join(", ")}.` : null;
}

/** How many words, or ids, of a text are used, or null if all are. @param {number} used @param {number} total @param {string} unit */
export const wordsNote = (used, total, unit = "word") =>
  used >= total ? null : `The first ${formatCount(used)} of ${formatCount(total, unit)} are used.`;

/** Some notes as one text, or null. @param {(string | null)[]} notes */
export const joinNotes = (...notes) => notes.filter(Boolean).join(" ") || null;
