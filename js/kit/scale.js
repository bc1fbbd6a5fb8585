/**
 * Scales that charts share. (d3's logarithmic one brings ticks and formats along: 10 kB.)
 */

/**
 * A logarithmic scale from 1 to `most`, onto pixels `from` to `to`; values outside are clipped.
 * @param {number} most
 * @param {number} from
 * @param {number} to
 * @returns {(value: number) => number}
 */
export function logScale(most, from, to) {
  const span = Math.log(Math.max(2, most));
  return (value) => {
    const t = Math.max(0, Math.min(1, Math.log(Math.max(1, value)) / span));
    return Math.round((from + t * (to - from)) * 100) / 100;
  };
}

/**
 * Return which of some lines have room for their text: the first of the list before those after it.
 * @param {number[]} lines  the most important first
 * @param {number} pitch    from one line to the next
 * @param {number} [height] of a text
 */
export function linesWithRoom(lines, pitch, height = 11) {
  const apart = Math.ceil(height / pitch);
  /** @type {Set<number>} */
  const taken = new Set();
  const free = (/** @type {number} */ line) => {
    for (let by = 1 - apart; by < apart; by++) if (taken.has(line + by)) return false;
    return true;
  };
  for (const line of lines) if (free(line)) taken.add(line);
  return taken;
}
