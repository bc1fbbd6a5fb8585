/**
 * Form controls, each with its label and value. All are native inputs: browsers and screen readers
 * know how those behave.
 */
import { html, nothing } from "lit-html";

/**
 * A control of an exported page: disabled where Python would be needed, with the note that says so.
 * @param {import("./wire.js").Trace} trace
 * @param {string} name  of its parameter
 * @param {unknown} control
 */
export const unlessFixed = ({ header }, name, control) =>
  header.fixed?.includes(name)
    ? html`<fieldset disabled title=${header.note}>${control}</fieldset>`
    : control;

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
      ?disabled=${stops.length < 2}
      step="1"
      data-place=${place}
      aria-label=${label}
      aria-valuetext=${valueText}
      data-value=${nearest(stops, value)}
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
            ?data-checked=${name === value}
            @change=${() => onChange(name)}
          /><span>${texts[name] ?? name}</span>
        </label>`,
      )}
    </div>
  </div>`;
}

/**
 * One choice out of many.
 * @param {object} spec
 * @param {string} spec.label
 * @param {string} spec.place
 * @param {string} spec.value
 * @param {string[]} spec.choices
 * @param {(value: string) => string} [spec.texts]
 * @param {unknown} [spec.hint]
 * @param {boolean} [spec.disabled]
 * @param {(value: string) => void} spec.onChange
 */
export function select({ label, place, value, choices, texts, hint, disabled, onChange }) {
  return html`<label class="field">
    <span class="name">${label}</span><small>${hint ?? nothing}</small>
    <select
      data-place=${place}
      aria-label=${label}
      ?disabled=${disabled}
      data-value=${value}
      @change=${(/** @type {Event} */ e) => onChange(/** @type {HTMLSelectElement} */ (e.target).value)}
    >
      ${choices.map((one) => html`<option value=${one} ?selected=${one === value}>${texts?.(one) ?? one}</option>`)}
    </select>
  </label>`;
}

/**
 * A few lines of text; the edit goes out as it is typed.
 * @param {object} spec
 * @param {string} spec.label
 * @param {string} spec.place
 * @param {string} spec.value
 * @param {string} [spec.hint]
 * @param {number} [spec.rows]
 * @param {(value: string) => void} spec.onChange
 */
export function textField({ label, place, value, hint = "", rows = 1, onChange }) {
  return html`<label class="field text">
    <span class="name">${label}</span><small>${hint}</small>
    <textarea
      rows=${rows}
      aria-label=${label}
      dir="auto"
      autocomplete="off"
      spellcheck="false"
      data-place=${place}
      data-value=${value}
      @input=${(/** @type {Event} */ e) => onChange(/** @type {HTMLTextAreaElement} */ (e.target).value)}
    ></textarea>
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

/**
 * Which of a few charts stands in one place of the figure.
 * @param {object} spec
 * @param {import("./explorer.js").Explorer} spec.explorer
 * @param {string} spec.local  the name in the UI state of the view
 * @param {string} spec.label
 * @param {Record<string, string>} spec.choices
 * @param {string} spec.style  where they stand
 */
export function tabs({ explorer, local, label, choices, style }) {
  const chosen = explorer.ui.local[local];
  return html`<div class="tabs" role="group" aria-label=${label} style=${style}>
    ${Object.entries(choices).map(
      ([name, text]) => html`<button
        type="button"
        data-place="${local}:${name}"
        aria-pressed=${String(chosen === name)}
        @click=${(/** @type {Event} */ event) => {
          event.stopPropagation();
          explorer.ui.local[local] = name;
          explorer.updateUi({ hover: null });
        }}
      >
        ${text}
      </button>`,
    )}
  </div>`;
}
