/**
 * Single-line text input that sends its value on Enter or when it loses focus, not letter by
 * letter.
 */
import { html } from "lit-html";

/**
 * @param {object} spec
 * @param {string} spec.label
 * @param {string} spec.place
 * @param {string} spec.value
 * @param {string} [spec.hint]
 * @param {(value: string) => void} spec.onChange
 */
export function textInput({ label, place, value, hint = "", onChange }) {
  return html`<label class="field text">
    <span class="name">${label}</span><small>${hint}</small>
    <input
      type="text"
      aria-label=${label}
      dir="auto"
      autocomplete="off"
      spellcheck="false"
      data-place=${place}
      data-value=${value}
      @input=${keepTyped}
      @change=${sendTyped(value, onChange)}
    />
  </label>`;
}

/** Leave a text alone that is being typed: a repaint restores what has a `data-value`. @param {Event} event */
export function keepTyped(event) {
  delete (/** @type {HTMLInputElement} */ (event.target).dataset.value);
}

/**
 * Send a text that was typed.
 * @param {string} value  before
 * @param {(value: string) => void} onChange
 */
export const sendTyped = (value, onChange) => (/** @type {Event} */ event) => {
  const input = /** @type {HTMLInputElement} */ (event.target);
  input.dataset.value = value;
  onChange(input.value);
};
