/**
 * The arithmetic card: the formula behind a number, with its numbers.
 */
import { html, nothing } from "lit-html";
import { button } from "./controls.js";
import { icon } from "./icons.js";

/**
 * Which of many terms are written out: all of them, or some from the start and those about `hit`;
 * a number stands for that many terms left out.
 * @param {number} total
 * @param {number} hit
 * @param {number} most
 * @returns {({ index: number } | { skipped: number })[]}
 */
export function visibleTerms(total, hit, most) {
  if (total <= most) return Array.from({ length: total }, (_, index) => ({ index }));
  const reach = Math.floor((most - 1) / 2);
  const from = Math.max(0, Math.min(hit - reach, total - most + 1));
  const to = Math.min(total, from + most - 1);
  /** @type {({ index: number } | { skipped: number })[]} */
  const parts = [];
  if (from > 1) parts.push({ index: 0 }, { skipped: from - 1 });
  else if (from === 1) parts.push({ index: 0 });
  for (let index = from; index < to; index++) parts.push({ index });
  if (to < total) parts.push({ skipped: total - to });
  return parts;
}

/**
 * A sum of products, the terms that count in full ink and the zeros gray.
 * @param {{ index: number, factor: string, value: string, on: boolean }[] } terms
 * @param {(index: number) => string} gap  the text for a run of terms left out
 * @param {({ index: number } | { skipped: number })[]} shown
 */
export function productSum(terms, gap, shown) {
  /** @type {Map<number, typeof terms[0]>} */
  const byIndex = new Map(terms.map((term) => [term.index, term]));
  return shown.map((part, i) => {
    const plus = i ? html`<span class="op"> + </span>` : nothing;
    if ("skipped" in part) return html`${plus}<span class="gap">${gap(part.skipped)}</span>`;
    const term = byIndex.get(part.index);
    return html`${plus}<span class=${term?.on ? "on" : "zero"}>${term?.factor}·${term?.value}</span>`;
  });
}

/**
 * The card: lines of arithmetic. They wrap; where two lines do not do, the card grows upward.
 * @param {object} spec
 * @param {{ name?: string, body: unknown, note?: unknown, main?: boolean }[]} spec.lines
 * @param {boolean} [spec.pinned]  opened with Enter: it stays, and can be closed
 * @param {"hit" | "warn" | "calm"} [spec.tone]
 * @param {() => void} spec.close
 */
export function formulaCard({ lines, pinned = false, tone = "hit", close }) {
  return html`<section class="card ${tone} ${pinned ? "pinned" : ""}" aria-label="Arithmetic">
    <div class="lines" tabindex="0" role="group" aria-label="Formula" data-place="card">
      ${lines.map(
        ({ name, body, note, main = true }) => html`<p class=${main ? "" : "other"}>
          ${name ? html`<span class="line-name">${name}</span>` : nothing}<span class="mono num">${body}</span>
          ${note ? html`<span class="note">${note}</span>` : nothing}
        </p>`,
      )}
    </div>
    ${pinned ? button({ label: icon("close"), name: "Close the arithmetic", place: "card:close", onClick: close }) : nothing}
  </section>`;
}
