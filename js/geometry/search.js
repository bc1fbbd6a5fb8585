/**
 * Fields for words, which offer those that match while one types: the combobox pattern of ARIA.
 *
 * Python searches all words of the table, and on an exported page its core; what is typed goes out under
 * a number (`_query`), and the words come back with the same number (`_matches`).
 */
import { html, nothing } from "lit-html";
import { formatInt } from "../kit/format.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/explorer.js").Explorer} Explorer */
/**
 * @typedef {object} Search  what is being typed, in the UI state of the view
 * @property {string} place
 * @property {string} text
 * @property {number} since  the number of its first query
 * @property {number} at     the word that Enter takes, or −1 for what is typed
 */
/** @typedef {{ n: number, rows: number[], words: string[], named: number[], more: boolean }} Matches */

/** @type {WeakSet<Explorer>} */
const listening = new WeakSet();

/** @param {Scene} scene @param {string} place @returns {Search | null} */
const searchIn = ({ ui }, place) => (ui.local.search?.place === place ? ui.local.search : null);

/** The words offered now, or null before the first answer. @param {Scene} scene @param {Search | null} search @returns {Matches | null} */
function matchesOf({ explorer }, search) {
  /** @type {Matches | undefined} */
  const matches = explorer.model.get("_matches");
  return search?.text.trim() && (matches?.n ?? -1) >= search.since ? (matches ?? null) : null;
}

/**
 * An input for a word of the table; its list of matches stands below it.
 * @param {Scene} scene
 * @param {{ place: string, label: string, value: string, placeholder?: string, onChange: (word: string) => void }} field
 */
export function wordInput(scene, { place, label, value, placeholder, onChange }) {
  const { explorer, uid } = scene;
  const search = searchIn(scene, place);
  const matches = matchesOf(scene, search);
  const id = `${uid}-matches-${place.replace(":", "-")}`;
  const close = () => {
    if (!searchIn(scene, place) && !explorer.ui.local.search) return;
    explorer.ui.local.search = null;
    explorer.repaint();
  };
  /** @param {number} i */
  const take = (i) => {
    if (matches) onChange(matchText(matches, i));
    close();
  };
  return html`<input
      type="text"
      role="combobox"
      aria-autocomplete="list"
      aria-expanded=${String(Boolean(matches))}
      aria-controls=${id}
      aria-activedescendant=${matches && search && search.at >= 0 ? `${id}-${search.at}` : nothing}
      aria-label=${label}
      placeholder=${placeholder ?? nothing}
      dir="auto"
      autocomplete="off"
      spellcheck="false"
      data-place=${place}
      data-value=${search ? search.text : value}
      @input=${(/** @type {Event} */ e) => type(explorer, place, /** @type {HTMLInputElement} */ (e.target).value)}
      @change=${(/** @type {Event} */ e) => {
        const typed = /** @type {HTMLInputElement} */ (e.target).value;
        explorer.ui.local.search = null;
        if (typed !== value) onChange(typed);
      }}
      @blur=${close}
    />${
      matches
        ? html`<span class="matches" @pointerdown=${keepFocus} @click=${keepFocus}>
          <span id=${id} role="listbox" aria-label="Words that match">
            ${matches.words.map(
              (_, i) => html`<span
                id="${id}-${i}"
                role="option"
                class=${search?.at === i ? "hit" : ""}
                aria-selected=${String(search?.at === i)}
                @click=${() => take(i)}
                ><bdi>${matches.words[i] || `#${matches.rows[i]}`}</bdi></span
              >`,
            )}
          </span>
          <span class="count" role="status">${outcome(matches, derive(scene.trace).total)}</span>
        </span>`
        : nothing
    }`;
}

/** The words found, in a few words. @param {Matches} matches @param {number} total */
function outcome({ words, more }, total) {
  if (more) return `the first ${words.length}; type more letters`;
  if (words.length) return words.length === 1 ? "1 word" : `${words.length} words`;
  return `in none of ${formatInt(total)} words`;
}

/** The keyboard stays in the input, and no label takes the click. @param {Event} event */
const keepFocus = (event) => event.preventDefault();

/** A match as Python accepts it. @param {Matches} matches @param {number} i */
const matchText = ({ named, words, rows }, i) => (named[i] ? words[i] : `#${rows[i]}`);

/** @param {Explorer} explorer @param {string} place @param {string} text */
function type(explorer, place, text) {
  const { model, store, ui } = explorer;
  listen(explorer);
  const n = (model.get("_query")?.n ?? 0) + 1;
  const { search } = ui.local;
  ui.local.search = { place, text, at: -1, since: search?.place === place ? search.since : n };
  store.save({ _query: { n, text } });
  explorer.updateUi({});
}

/** Paint what is found, as long as the view is there. @param {Explorer} explorer */
function listen(explorer) {
  if (listening.has(explorer)) return;
  listening.add(explorer);
  const { model, root } = explorer;
  const paint = () => {
    if (root.isConnected) explorer.repaint();
    else model.off("change:_matches", paint);
  };
  model.on("change:_matches", paint);
}

/**
 * Keys inside a field for words; true when the key was used.
 * @param {string} key
 * @param {Scene} scene
 * @param {string} place
 * @param {(word: string) => void} onChange
 */
export function searchKey(key, scene, place, onChange) {
  const { explorer } = scene;
  const search = searchIn(scene, place);
  const matches = matchesOf(scene, search);
  if (!search) return false;
  if (key === "Escape") {
    explorer.ui.local.search = null;
    explorer.updateUi({});
    return true;
  }
  const count = matches?.words.length ?? 0;
  const by = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (by && count) {
    const at = search.at + by;
    explorer.ui.local.search = { ...search, at: at >= count ? -1 : at < -1 ? count - 1 : at };
    explorer.updateUi({});
    return true;
  }
  if (key !== "Enter" || search.at < 0 || !matches) return false;
  explorer.ui.local.search = null;
  onChange(matchText(matches, search.at));
  return true;
}
