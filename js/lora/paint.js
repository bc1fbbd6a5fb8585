/**
 * Painting of ΔW by hand: each cell cycles through 0, positive, negative.
 */

const BRUSH = 0.9;

/** Return the value that the next stroke gives a cell. @param {number} value */
export function nextBrushValue(value) {
  if (value > 0) return -BRUSH;
  return value < 0 ? 0 : BRUSH;
}

/**
 * Return the edits with one cell painted; a cell of 0 needs none.
 * @param {[number, number, number][]} edits
 * @param {number} row
 * @param {number} col
 * @param {number} value
 */
export function withPaintedCell(edits, row, col, value) {
  const others = edits.filter(([r, c]) => r !== row || c !== col);
  return value === 0
    ? others
    : [...others, /** @type {[number, number, number]} */ ([row, col, value])];
}
