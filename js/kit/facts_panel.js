/**
 * The column of facts: names, values with units, and a formula behind each.
 */
import { html, nothing } from "lit-html";

/**
 * @typedef {object} Fact
 * @property {string} name
 * @property {unknown} value
 * @property {"good" | "bad" | ""} [tone]
 * @property {string} [id]  when it opens to its arithmetic
 */

/**
 * @param {{ title: string, facts: Fact[] }[]} groups
 * @param {(id: string) => void} open
 */
export function factGroups(groups, open) {
  return groups.map(
    ({ title, facts }) => html`<h3>${title}</h3>
      <dl class="num">
        ${facts.map(
          ({ name, value, tone = "", id }) => html`<dt>${name}</dt>
            <dd class=${tone}>
              ${
                id
                  ? html`<button type="button" class="fact" data-place="fact:${id}" title="Show the formula" @click=${() => open(id)}>
                    ${value}<span class="unseen">, show the formula</span>
                  </button>`
                  : (value ?? nothing)
              }
            </dd>`,
        )}
      </dl>`,
  );
}
