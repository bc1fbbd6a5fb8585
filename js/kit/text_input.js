/**
 * Single-line text input that sends its value on Enter or when it loses focus, not letter by
 * letter.
 */
import { html, nothing } from "lit-html";
import { live } from "lit-html/directives/live.js";

/**
 * @param {object} spec
 * @param {string} spec.label
 * @param {string} spec.place
 * @param {string} spec.value
 * @param {string} [spec.hint]
 * @param {(value: string) => void} spec.onChange
 */
export function textInput({ label, place, value, hint = "", onChange }) {
  return html`<label class="field">
    <span class="name">${label}</span>
    <input
      type="text"
      dir="auto"
      autocomplete="off"
      spellcheck="false"
      data-place=${place}
      .value=${live(value)}
      @change=${(/** @type {Event} */ e) => onChange(/** @type {HTMLInputElement} */ (e.target).value)}
    />
    ${hint ? html`<small>${hint}</small>` : nothing}
  </label>`;
}
