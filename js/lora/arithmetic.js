/**
 * The arithmetic behind each number of the LoRA view, with the very numbers in it.
 */
import { html } from "lit-html";
import { fixed, whole } from "../kit/format.js";
import { percent } from "./charts.js";
import { difference } from "./narration.js";
import { momentAt, spotOf } from "./state.js";
import { firstUpdates, numbersOf, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./trace.js").Moment} Moment */
/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/** @param {Scene} scene @returns {{ lines: Line[], pinned: boolean }} */
export function arithmetic(scene) {
  const reading = readingOf(scene.trace);
  const now = momentAt(scene);
  const { open } = scene.ui;
  if (open?.kind === "fact") return { lines: [fact(open.id, scene, reading, now)], pinned: true };
  if (open?.kind === "token" && open.i < reading.n) return { lines: [driftLine(reading, now, open.i, 12)], pinned: true };
  if (scene.ui.own.merged && !spotOf(scene)) return { lines: [fact("merged", scene, reading, now)], pinned: false };
  const pinned = open?.kind === "cell";
  const spot = scene.ui.hover ?? open?.spot ?? spotOf(scene);
  const most = pinned ? 16 : scene.size.width < 560 ? 1 : scene.size.width < 860 ? 2 : 4;
  return { lines: [spotLine(scene, reading, now, spot, most)], pinned };
}

/** @param {Scene} scene @param {Reading} reading @param {Moment} now @param {import("./state.js").Spot | null} spot @param {number} most @returns {Line} */
function spotLine(scene, reading, now, spot, most) {
  const { i, c, k, part } = spot ?? { part: "" };
  if (part === "a" && i !== undefined && i < reading.n && k !== undefined && k < now.r)
    return {
      body: html`A[${reading.rows[i]}, ${k}] = <span class="on">${fixed(now.a(i)[k])}</span>`,
      note: reading.seen.has(i) ? "trained" : "as it started: this row never came",
    };
  if (part === "b" && k !== undefined && k < now.r && c !== undefined)
    return { body: html`B[${k}, ${c}] = <span class="on">${fixed(now.b(k)[c])}</span>`, note: "shared by all rows" };
  if (part === "d" && i !== undefined && i < reading.n && c !== undefined)
    return { body: html`ΔW[${reading.rows[i]}, ${c}] = <span class="on">${fixed(reading.delta(i)[c])}</span>`, note: "wanted, not learnt yet" };
  if (part === "token" && i !== undefined && i < reading.n) return driftLine(reading, now, i, most);
  if (i !== undefined && c !== undefined && i < reading.n && c < reading.cols) return cellLine(scene, reading, now, i, c, most);
  return {
    body: html`W′ = W + ${now.scale === 1 ? "" : html`<span class="on">${fixed(now.scale)}</span> · `}A · B`,
    note: html`(${reading.V} + ${reading.D}) · ${now.r} = <b>${whole(numbersOf(reading, now.r))}</b> numbers are trained`,
  };
}

/** @param {number} value */
const inBrackets = (value) => (value < 0 ? `(${fixed(value)})` : fixed(value));

/** @param {Scene} scene @param {Reading} reading @param {Moment} now @param {number} i @param {number} c @param {number} most @returns {Line} */
function cellLine({ params }, reading, now, i, c, most) {
  const row = reading.rows[i];
  const shown = Math.min(now.r, most);
  const terms = Array.from({ length: shown }, (_, k) => html`${k ? " + " : ""}<span class="on">${inBrackets(now.a(i)[k])}·${inBrackets(now.b(k)[c])}</span>`);
  const rest = now.r > shown ? html` + … ${now.r - shown} more` : "";
  const way = params.scaling === "rslora" ? `${params.alpha}/√${now.r}` : `${params.alpha}/${now.r}`;
  return {
    body: html`W′[${row}, ${c}] = ${fixed(reading.table(i)[c])} + ${way} · (${terms}${rest}) = <span class="on">${fixed(now.after(i)[c])}</span>`,
    note: "W + scale · A · B",
  };
}

/** @param {Reading} reading @param {Moment} now @param {number} i @param {number} most @returns {Line} */
function driftLine(reading, now, i, most) {
  const row = reading.rows[i];
  const moved = now.after(i).map((v, c) => v - reading.table(i)[c]);
  const shown = Math.min(moved.length, most + 1);
  const terms = moved.slice(0, shown).map((v, c) => html`${c ? " + " : ""}${inBrackets(v)}²`);
  const all = shown === reading.D;
  return {
    body: html`‖W′[${row}] − W[${row}]‖ = √(${terms}${all ? "" : " + …"}) = <span class="on">${fixed(now.drift(i))}</span>`,
    note: reading.seen.has(i) ? "trained" : "never trained",
  };
}

/** The formula of a number on the right. @param {string} id @param {Scene} scene @param {Reading} reading @param {Moment} now @returns {Line} */
function fact(id, { trace, params }, reading, now) {
  const { V, D } = reading;
  const numbers = numbersOf(reading, now.r);
  const { plain, stable } = firstUpdates(trace);
  const root = params.scaling === "rslora";
  /** @type {Record<string, () => Line>} */
  const lines = {
    trainable: () => ({ body: html`(V + D) · r = (${V} + ${D}) · ${now.r} = <span class="on">${whole(numbers)}</span>`, note: "A has V · r numbers, B has r · D" }),
    whole: () => ({ body: html`V · D = ${V} · ${D} = <span class="on">${whole(V * D)}</span>`, note: "frozen: W itself is only read" }),
    share: () => ({ body: html`${whole(numbers)} / ${whole(V * D)} = <span class="on">${fixed((100 * numbers) / (V * D), 0)} %</span>`, note: numbers > V * D ? "more than the table itself" : "of the table" }),
    scale: () => ({
      body: root ? html`α/√r = ${params.alpha}/√${now.r} = <span class="on">${fixed(now.scale)}</span>` : html`α/r = ${params.alpha}/${now.r} = <span class="on">${fixed(now.scale)}</span>`,
      note: html`first update ${fixed((root ? stable : plain)[now.r - 1])}; at rank 1 ${fixed(plain[0])}`,
    }),
    error: () => ({
      body: html`√(σ²${sub(now.r + 1)} + … ) / √(σ²₁ + … ) = <span class="on">${percent(reading.errors[now.r])}</span>`,
      note: "what the best matrix of this rank must leave: the directions behind the cut",
    }),
    left: () => ({ body: html`‖wanted − W′‖ / ‖wanted − W‖ = <span class="on">${percent(now.left)}</span>`, note: html`on the rows trained, after step ${now.step}` }),
    effective: () => ({ body: html`exp(entropy of σ / Σσ) = <span class="on">${fixed(trace.header.effective_rank, 1)}</span>`, note: "how many equal directions would be spread as evenly" }),
    moved: () => ({ body: html`rows with W′ ≠ W after step ${now.step}: <span class="on">${whole(now.moved)}</span> of ${V}`, note: html`${reading.trained} trained` }),
    farthest: () => ({ body: html`max ‖W′[row] − W[row]‖ over rows not trained = <span class="on">${fixed(now.farthest)}</span>`, note: html`after step ${now.step}` }),
    merged: () => ({ body: html`max |lookup(W + scale·A·B) − lookup(W, A, B)| = <span class="on">${difference(now.merged)}</span>`, note: "over all rows, at the end" }),
  };
  return (lines[id] ?? lines.trainable)();
}

/** @param {number} n */
const sub = (n) => Array.from(String(n), (digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("");
