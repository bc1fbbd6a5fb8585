/**
 * Numbers beside a figure: names, values with units, and a formula behind each. A few of them are
 * key figures, in a strip below the figure.
 */
import { html, nothing } from "lit-html";

/**
 * @typedef {object} Fact
 * @property {string} name
 * @property {unknown} value
 * @property {string} [tone]    good or bad
 * @property {string} [id]      when it opens to its arithmetic
 * @property {boolean} [given]  the question of the view does not ask for it
 */
/**
 * @typedef {object} Facts
 * @property {{ title: string, facts: Fact[] }[]} groups
 * @property {Fact[]} keys        three to five, in the order that answers the question
 * @property {unknown} [before]   above the groups
 * @property {unknown} [extra]    below them
 */

/**
 * @param {Fact} fact
 * @param {string} where
 * @param {(id: string, from: string) => void} open
 */
function valueOf({ value, id }, where, open) {
  if (!id) return value ?? nothing;
  const place = `${where}:${id}`;
  return html`<button type="button" class="fact" data-place=${place} title="Show the formula" @click=${() => open(id, place)}>
    ${value}<span class="unseen">, show the formula</span>
  </button>`;
}

/**
 * @param {Facts["groups"]} groups
 * @param {(id: string, from: string) => void} open
 */
export function factGroups(groups, open) {
  return groups.map(
    ({ title, facts }) => html`<h3>${title}</h3>
      <dl class="num">
        ${facts.map(
          (fact) => html`<dt>${fact.name}</dt>
            <dd class=${fact.tone ?? ""}>${valueOf(fact, "fact", open)}</dd>`,
        )}
      </dl>`,
  );
}

/**
 * @param {Fact[]} facts
 * @param {(id: string, from: string) => void} open
 */
export function keyFacts(facts, open) {
  return html`<dl class="num">
    ${facts.map(
      (fact) => html`<div>
        <dt>${fact.name}</dt>
        <dd class=${fact.tone ?? ""}>${valueOf(fact, "key", open)}</dd>
      </div>`,
    )}
  </dl>`;
}
