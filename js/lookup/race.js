/**
 * Timing of both methods, as bars that run on one clock, slowed down for the eye.
 */
import { html, nothing } from "lit-html";
import { button } from "../kit/controls.js";
import { duration, fixed, formatInt } from "../kit/format.js";
import { icon } from "../kit/icons.js";

const LONGEST = 1600; // ms on the screen of the slower method

/** @typedef {{ done: boolean }} Race */

/**
 * @param {object} spec
 * @param {Race} spec.race
 * @param {Record<string, any>} spec.header
 * @param {() => void} spec.finish
 * @param {() => void} spec.again
 * @param {() => void} spec.close
 */
export function timingStrip({ race, header, finish, again, close }) {
  const { gather_ns: gather, onehot_ns: onehot } = header;
  if (gather == null) return nothing;
  const slowest = Math.max(gather, onehot ?? 0);
  /** @param {string} name @param {number} ns @param {string} note */
  const lane = (name, ns, note) => html`<div class="lane ${name}">
    <span class="line-name">${name}</span>
    <span class="track" aria-hidden="true"
      ><i
        style="--share:${ns / slowest};--ms:${Math.round((ns / slowest) * LONGEST)}ms"
        @animationend=${ns === slowest ? finish : nothing}
      ></i
    ></span>
    <span class="num time">${duration(ns)}</span><span class="note">${note}</span>
  </div>`;
  return html`<section class="card race ${race.done ? "done" : "running"}" aria-label="Time of both methods">
    <div class="lines">
      ${lane("gather", gather, `copies ${formatInt(header.tokens.length)} rows`)}
      ${
        onehot == null
          ? html`<p class="note">The one-hot matmul was not run: it would take too long.</p>`
          : lane(
              "one-hot",
              onehot,
              `${formatInt(header.multiplications["one-hot"])} multiplications`,
            )
      }
      <p class="outcome">${race.done && onehot != null ? `the same numbers, max difference ${formatDifference(header.max_difference)}` : nothing}</p>
    </div>
    ${button({ label: "Again", place: "race:again", onClick: again })}
    ${button({ label: icon("close"), name: "Close the timing", place: "race:close", onClick: close })}
  </section>`;
}

/** @param {Record<string, any>} header */
export function outcome({ gather_ns: gather, onehot_ns: onehot, max_difference: apart }) {
  if (onehot == null) return "";
  const ratio = onehot / gather;
  const faster =
    ratio >= 1.05
      ? `The gather took ${fixed(ratio, ratio < 10 ? 1 : 0)} times less time here`
      : ratio <= 0.95
        ? `The one-hot matmul was quicker this time: the table is that small`
        : "Both took the same time: the table is that small";
  return `${faster}; both give the same numbers, max difference ${formatDifference(apart)}.`;
}

/** @param {number | null} apart */
export function formatDifference(apart) {
  if (apart == null) return "NaN";
  return apart === 0 ? "0" : apart.toExponential(1).replace("-", "−");
}
