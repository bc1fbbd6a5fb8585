/**
 * Arrow keys inside a grid (roving tabindex): one cell holds the tab stop, and the arrows move it.
 */

/** @typedef {{ row: number, col: number }} GridCell */

export const PAGE_ROWS = 10; // rows that Page Up and Page Down jump

/**
 * Return the cell a key leads to, or null when the key does not move or the edge is reached.
 * @param {string} key
 * @param {GridCell} from
 * @param {{ rows: number, cols: number }} size
 * @returns {GridCell | null}
 */
export function nextCell(key, { row, col }, { rows, cols }) {
  const by = /** @type {Record<string, [number, number]>} */ ({
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    PageUp: [-PAGE_ROWS, 0],
    PageDown: [PAGE_ROWS, 0],
  })[key];
  if (!by) return null;
  const to = { row: clamp(row + by[0], rows), col: clamp(col + by[1], cols) };
  return to.row === row && to.col === col ? null : to;
}

/**
 * @param {number} index
 * @param {number} size
 */
export function clamp(index, size) {
  return Math.max(0, Math.min(size - 1, index));
}

/**
 * Clamp an index to a window.
 * @param {number} index
 * @param {number} first
 * @param {number} count
 */
export function clampToWindow(index, first, count) {
  return Math.max(first, Math.min(first + Math.max(1, count) - 1, index));
}

/**
 * Move a window of `size` over `total` items as little as needed to contain `index`.
 * @param {number} start  where the window starts now
 * @param {number} index
 * @param {number} size
 * @param {number} total
 * @returns {number} where it starts next
 */
export function followFocus(start, index, size, total) {
  const last = Math.max(0, total - size);
  if (index < start) return Math.max(0, Math.min(last, index));
  if (index >= start + size) return Math.min(last, index - size + 1);
  return Math.min(start, last);
}

/**
 * Focus the element with this data-place, if it exists.
 * @param {HTMLElement} root
 * @param {string} place
 */
export function focusByPlace(root, place) {
  const target = root.querySelector(`[data-place="${CSS.escape(place)}"]`);
  if (target !== document.activeElement) {
    /** @type {HTMLElement | SVGElement | null} */ (target)?.focus({ preventScroll: false });
  }
  return target !== null;
}
