/**
 * How large a figure is drawn: as wide as its place, and as high as the view leaves it.
 */

export const LEAST_FIGURE_WIDTH = 320; // in less it is scaled down
const DESK_HEIGHT = 394; // with the other rows of a view 660
const OTHER_ROWS = 266;
const LEAST_HEIGHT = 280;
const MOST_HEIGHT = 540;
const WIDE = 1200; // px, as in frame.js; from there the height grows by GROWTH a pixel
const GROWTH = 0.36;
const LOWEST_WINDOW = 500; // a frame of a page that grows with its content has no height of its own

/**
 * Return the height of a figure, but of those that stack their parts in a narrow view: 394 px at a desk, more
 * where there is more room, less in a low window.
 * @param {number} width   of the view
 * @param {number} seen    how high the part of the page is that is seen
 * @param {boolean} full   on the whole screen
 */
export function figureHeight(width, seen, full) {
  const grown = Math.round(DESK_HEIGHT + (width - WIDE) * GROWTH);
  const most = width < WIDE ? DESK_HEIGHT : Math.min(MOST_HEIGHT, grown);
  const room = Math.max(LEAST_HEIGHT, Math.floor(seen) - OTHER_ROWS);
  if (full) return room;
  return seen < LOWEST_WINDOW ? most : Math.min(most, room);
}

/**
 * Return how much of a view can be seen at once: the height of what scrolls around it, or of the window.
 * @param {HTMLElement} view
 */
export function seenHeight(view) {
  for (let node = view.parentElement; node; node = node.parentElement)
    if (
      node.scrollHeight > node.clientHeight + 1 &&
      node.clientHeight >= LOWEST_WINDOW &&
      /auto|scroll/.test(getComputedStyle(node).overflowY)
    )
      return Math.min(innerHeight, node.clientHeight);
  return innerHeight;
}
