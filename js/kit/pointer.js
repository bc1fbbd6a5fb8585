/**
 * Pointer helpers: position, element under the pointer, capture during a drag.
 */

export const DRAG_THRESHOLD = 5; // px: a shorter drag is a click

/**
 * The position of a pointer inside the element that listens to the event.
 * @param {PointerEvent | MouseEvent} event
 */
export const positionIn = (event) =>
  positionInside(/** @type {HTMLElement} */ (event.currentTarget), event);

/**
 * The position of a pointer inside an element. Boxes are measured on the screen; the element is laid out at a font
 * size of 16 px, and scaled to that of its host.
 * @param {HTMLElement} element
 * @param {PointerEvent | MouseEvent} event
 */
export function positionInside(element, event) {
  const box = element.getBoundingClientRect();
  const scale = box.width / element.offsetWidth || 1;
  return { x: (event.clientX - box.left) / scale, y: (event.clientY - box.top) / scale };
}

/**
 * The data-place of the element under an event, or "".
 * @param {Event} event
 */
export function placeUnder({ target }) {
  const marked = /** @type {Element | null} */ (target)?.closest("[data-place]");
  return marked?.getAttribute("data-place") ?? "";
}

/**
 * Send all events of this pointer to the element that listens, until the button is released.
 * @param {PointerEvent} event
 */
export function capturePointer(event) {
  try {
    /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
  } catch {} // the pointer no longer exists
}
