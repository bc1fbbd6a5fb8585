/**
 * Arithmetic card of the LoRA view: the formula behind each number, with its numbers.
 */
import { html } from "lit-html";
import { fixed, formatInt, pluralize } from "../kit/format.js";
import { percent } from "./charts.js";
import { formatDifference } from "./narration.js";
import { momentAt, selection } from "./state.js";
import { firstUpdates, parameterCount, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./trace.js").Moment} Moment */
/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/** @param {Scene} scene @returns {{ lines: Line[], pinned: boolean }} */
export function arithmetic(scene) {
  const derived = derive(scene.trace);
  const now = momentAt(scene);
  const { open } = scene.ui;
  if (open?.kind === "fact") return { lines: [fact(open.id, scene, derived, now)], pinned: true };
  if (open?.kind === "token" && open.i < derived.n)
    return { lines: [displacementLine(derived, now, open.i, 12)], pinned: true };
  if (scene.ui.local.merged && !selection(scene))
    return { lines: [fact("merged", scene, derived, now)], pinned: false };
  const pinned = open?.kind === "cell";
  const spot = scene.ui.hover ?? open?.spot ?? selection(scene);
  const most = pinned ? 16 : scene.size.width < 560 ? 1 : scene.size.width < 860 ? 2 : 4;
  const line = spotLine(scene, derived, now, spot, most);
  return { lines: line ? [line] : updateLines(scene, derived, now), pinned };
}

/**
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {Moment} now
 * @param {import("./state.js").Spot | null} spot
 * @param {number} most
 * @returns {Line | null}
 */
function spotLine(scene, derived, now, spot, most) {
  const { i, c, k, part } = spot ?? { part: "" };
  if (part === "a" && i !== undefined && i < derived.n && k !== undefined && k < now.r)
    return {
      body: html`A[${derived.rows[i]}, ${k}] = <span class="on">${fixed(now.a(i)[k])}</span>`,
      note: derived.trainedRows.has(i) ? "trained" : "initial value: this row was never trained",
    };
  if (part === "b" && k !== undefined && k < now.r && c !== undefined)
    return {
      body: html`B[${k}, ${c}] = <span class="on">${fixed(now.b(k)[c])}</span>`,
      note: "shared by all rows",
    };
  if (part === "d" && i !== undefined && i < derived.n && c !== undefined)
    return {
      body: html`ΔW[${derived.rows[i]}, ${c}] = <span class="on">${fixed(derived.delta(i)[c])}</span>`,
      note: "target, not learned yet",
    };
  if (part === "token" && i !== undefined && i < derived.n)
    return displacementLine(derived, now, i, most);
  if (i !== undefined && c !== undefined && i < derived.n && c < derived.cols)
    return cellLine(scene, derived, now, i, c, most);
  return null;
}

/**
 * Return the lines that stand when nothing is selected: the update, and the error that it leaves.
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {Moment} now
 * @returns {Line[]}
 */
function updateLines({ params }, derived, now) {
  const factor = params.scaling === "rslora" ? "α / √r" : "α / r";
  const update = {
    name: "update",
    body: html`W′ = W + (${factor}) · A · B = W + <span class="on">${fixed(now.scale)}</span> · A · B`,
    note: html`(${derived.V} + ${derived.D}) · ${now.r} = <b>${formatInt(parameterCount(derived, now.r))}</b> parameters`,
  };
  return derived.values[0] ? [update, { ...errorLine(derived, now), main: false }] : [update];
}

/** @param {Derived} derived @param {Moment} now @returns {Line} */
function errorLine(derived, now) {
  const whole = Math.hypot(...Array.from(derived.values));
  return {
    name: "error",
    body: html`‖ΔW − ${fixed(now.scale)} · A · B‖ / ‖ΔW‖ = ${fixed(now.error * whole, 3)} / ${fixed(whole, 3)} = <span class="on">${percent(now.error)}</span>`,
    note: `all ${pluralize(derived.V, "row")}, step ${now.step}`,
  };
}

/** @param {number} value */
const inBrackets = (value) => (value < 0 ? `(${fixed(value)})` : fixed(value));

/**
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {Moment} now
 * @param {number} i
 * @param {number} c
 * @param {number} most
 * @returns {Line}
 */
function cellLine({ params }, derived, now, i, c, most) {
  const row = derived.rows[i];
  const shown = Math.min(now.r, most);
  const terms = Array.from(
    { length: shown },
    (_, k) =>
      html`${k ? " + " : ""}<span class="on">${inBrackets(now.a(i)[k])}·${inBrackets(now.b(k)[c])}</span>`,
  );
  const rest = now.r > shown ? html` + … ${now.r - shown} more` : "";
  const scaleText =
    params.scaling === "rslora" ? `${params.alpha}/√${now.r}` : `${params.alpha}/${now.r}`;
  return {
    body: html`W′[${row}, ${c}] = ${fixed(derived.table(i)[c])} + ${scaleText} · (${terms}${rest}) = <span class="on">${fixed(now.after(i)[c])}</span>`,
    note: "W + scale · A · B",
  };
}

/**
 * @param {Derived} derived
 * @param {Moment} now
 * @param {number} i
 * @param {number} most
 * @returns {Line}
 */
function displacementLine(derived, now, i, most) {
  const row = derived.rows[i];
  const moved = now.after(i).map((v, c) => v - derived.table(i)[c]);
  const shown = Math.min(moved.length, most + 1);
  const terms = moved.slice(0, shown).map((v, c) => html`${c ? " + " : ""}${inBrackets(v)}²`);
  const all = shown === derived.D;
  return {
    body: html`‖W′[${row}] − W[${row}]‖ = √(${terms}${all ? "" : " + …"}) = <span class="on">${fixed(now.displacement(i))}</span>`,
    note: derived.trainedRows.has(i) ? "trained" : "never trained",
  };
}

/**
 * Return the formula of a fact.
 * @param {string} id
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {Moment} now
 * @returns {Line}
 */
function fact(id, { trace, params }, derived, now) {
  const { V, D } = derived;
  const numbers = parameterCount(derived, now.r);
  const { plain, stable } = firstUpdates(trace);
  const root = params.scaling === "rslora";
  /** @type {Record<string, () => Line>} */
  const lines = {
    trainable: () => ({
      body: html`(V + D) · r = (${V} + ${D}) · ${now.r} = <span class="on">${formatInt(numbers)}</span>`,
      note: "A has V · r parameters, B has r · D",
    }),
    whole: () => ({
      body: html`V · D = ${V} · ${D} = <span class="on">${formatInt(V * D)}</span>`,
      note: "frozen: W itself is only read",
    }),
    share: () => ({
      body: html`${formatInt(numbers)} / ${formatInt(V * D)} = <span class="on">${fixed((100 * numbers) / (V * D), 0)} %</span>`,
      note: numbers > V * D ? "more than the table itself" : "of the table",
    }),
    scale: () => ({
      body: root
        ? html`α/√r = ${params.alpha}/√${now.r} = <span class="on">${fixed(now.scale)}</span>`
        : html`α/r = ${params.alpha}/${now.r} = <span class="on">${fixed(now.scale)}</span>`,
      note: html`first update ${fixed((root ? stable : plain)[now.r - 1])}; at rank 1 ${fixed(plain[0])}`,
    }),
    error: () => ({
      body: html`√(σ²${sub(now.r + 1)} + … ) / √(σ²₁ + … ) = <span class="on">${percent(derived.errors[now.r])}</span>`,
      note: "‖ΔW − s·AB‖ / ‖ΔW‖ of the best matrix of this rank: the singular values behind the cut",
    }),
    reached: () => errorLine(derived, now),
    left: () => ({
      body: html`‖ΔW − s·AB‖ / ‖ΔW‖ = <span class="on">${percent(now.trainedError)}</span>`,
      note: html`on the rows trained, after step ${now.step}`,
    }),
    effective: () => ({
      body: html`exp(entropy of σ / Σσ) = <span class="on">${fixed(trace.header.effective_rank, 1)}</span>`,
      note: "how many equal directions would be spread as evenly",
    }),
    moved: () => ({
      body: html`rows with W′ ≠ W after step ${now.step}: <span class="on">${formatInt(now.moved)}</span> of ${V}`,
      note: html`${derived.trainedCount} trained`,
    }),
    farthest: () => ({
      body: html`max ‖W′[row] − W[row]‖ over rows not trained = <span class="on">${fixed(now.maxUntrainedDisplacement)}</span>`,
      note: html`after step ${now.step}`,
    }),
    merged: () => ({
      body: html`max |lookup(W + scale·A·B) − lookup(W, A, B)| = <span class="on">${formatDifference(now.mergeDifference)}</span>`,
      note: "over all rows, at the end",
    }),
  };
  return (lines[id] ?? lines.trainable)();
}

/** @param {number} n */
const sub = (n) => Array.from(String(n), (digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("");
