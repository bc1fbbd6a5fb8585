/**
 * Form controls, each with its label and value. All are native inputs: browsers and screen readers
 * know how those behave.
 */
import { html, nothing } from "lit-html";
import { live } from "lit-html/directives/live.js";

/**
 * A slider over whole numbers. `stops` makes far numbers reachable without losing the near ones.
 * @param {object} spec
 * @param {string} spec.label
 * @param {string} spec.symbol
 * @param {string} spec.place
 * @param {number} spec.value
 * @param {number[]} spec.stops  ascending
 * @param {(value: number) => void} spec.onChange
 * @param {string} [spec.valueText]  text of the value; default "V = 16"
 */
export function slider({
  label,
  symbol,
  place,
  value,
  stops,
  onChange,
  valueText = `${symbol} = ${value}`,
}) {
  /** @param {Event} event */
  const input = (event) =>
    onChange(stops[Number(/** @type {HTMLInputElement} */ (event.target).value)]);
  return html`<label class="field">
    <span class="name">${label}</span><output class="num">${valueText}</output>
    <input
      type="range"
      min="0"
      max=${stops.length - 1}
      step="1"
      data-place=${place}
      aria-label=${label}
      aria-valuetext=${valueText}
      .value=${live(String(nearest(stops, value)))}
      @input=${input}
    />
  </label>`;
}

/**
 * Whole numbers one by one up to `dense`, then in steps of about an eighth: 40, 44, 48, 56, 64 …
 * @param {number} min
 * @param {number} max
 * @param {number} [dense]
 */
export function stopsBetween(min, max, dense = 40) {
  const stops = [];
  for (let value = min; value < max;) {
    stops.push(value);
    const octave = 2 ** Math.floor(Math.log2(Math.max(1, value)));
    value += value < dense ? 1 : Math.max(1, octave / 8);
  }
  return [...stops, max];
}

/**
 * @param {number[]} stops
 * @param {number} value
 */
export function nearest(stops, value) {
  let best = 0;
  stops.forEach((stop, i) => {
    if (Math.abs(stop - value) < Math.abs(stops[best] - value)) best = i;
  });
  return best;
}

/**
 * One choice out of a few, side by side.
 * @param {object} spec
 * @param {string} spec.label
 * @param {string} spec.group  a name unique in the page
 * @param {string} spec.place
 * @param {string} spec.value
 * @param {string[]} spec.choices
 * @param {Record<string, string>} [spec.texts]  what the choices are called on screen, where it differs
 * @param {(value: string) => void} spec.onChange
 */
export function choice({ label, group, place, value, choices, texts = {}, onChange }) {
  return html`<div class="field" role="radiogroup" aria-labelledby="${group}-label">
    <h3 id="${group}-label">${label}</h3>
    <div class="segments">
      ${choices.map(
        (name) => html`<label class="segment">
          <input
            type="radio"
            name=${group}
            value=${name}
            data-place="${place}:${name}"
            .checked=${live(name === value)}
            @change=${() => onChange(name)}
          /><span>${texts[name] ?? name}</span>
        </label>`,
      )}
    </div>
  </div>`;
}

/**
 * A few lines of text; the edit goes out as it is typed.
 * @param {object} spec
 * @param {string} spec.label
 * @param {string} spec.place
 * @param {string} spec.value
 * @param {string} [spec.hint]
 * @param {(value: string) => void} spec.onChange
 */
export function textField({ label, place, value, hint = "", onChange }) {
  return html`<label class="field">
    <span class="name">${label}</span>
    <textarea
      rows="2"
      dir="auto"
      autocomplete="off"
      spellcheck="false"
      data-place=${place}
      .value=${live(value)}
      @input=${(/** @type {Event} */ e) => onChange(/** @type {HTMLTextAreaElement} */ (e.target).value)}
    ></textarea>
    ${hint ? html`<small>${hint}</small>` : nothing}
  </label>`;
}

/**
 * A button, with the key that does the same.
 * @param {object} spec
 * @param {unknown} spec.label
 * @param {string} spec.place
 * @param {() => void} spec.onClick
 * @param {string} [spec.key]
 * @param {string} [spec.name]  for a screen reader, where the label is a drawing
 * @param {boolean} [spec.primary]
 * @param {boolean} [spec.pressed]
 * @param {boolean} [spec.disabled]
 */
export function button({ label, place, onClick, key, name, primary, pressed, disabled }) {
  return html`<button
    type="button"
    class=${primary ? "primary" : ""}
    data-place=${place}
    aria-label=${name ?? nothing}
    title=${name ?? nothing}
    aria-pressed=${pressed === undefined ? nothing : String(pressed)}
    aria-keyshortcuts=${key ?? nothing}
    ?disabled=${disabled}
    @click=${onClick}
  >
    ${label}${key && !name ? html`<kbd aria-hidden="true">${key}</kbd>` : nothing}
  </button>`;
}
