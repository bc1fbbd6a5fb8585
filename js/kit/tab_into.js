/**
 * The first Tab after a cell was run goes into the view that it made.
 *
 * Shift+Enter leaves the keyboard on the next cell, behind the view, and Tab would pass it by.
 */
import { isShortcut } from "./keys.js";

const CELL = ".jp-Cell"; // of JupyterLab and Notebook 7

/**
 * Listen until the next key or click, whatever it is.
 * @param {HTMLElement} root
 * @returns {() => void} ends the listening
 */
export function tabInto(root) {
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const { key, shiftKey } = event;
    if (key === "Shift") return; // it is on its way to Shift+Enter, or to Shift+Tab
    close();
    const active = document.activeElement;
    const mine = root.closest(CELL);
    if (key !== "Tab" || shiftKey || isShortcut(event)) return;
    if (!mine || !active?.matches(CELL) || mine.nextElementSibling !== active) return;
    event.preventDefault();
    event.stopPropagation();
    /** @type {HTMLElement | null} */ (root.querySelector("button, [tabindex='0']"))?.focus();
  };
  const close = () => {
    removeEventListener("keydown", onKey, true);
    removeEventListener("pointerdown", close, true);
  };
  addEventListener("keydown", onKey, true);
  addEventListener("pointerdown", close, true);
  return close;
}
