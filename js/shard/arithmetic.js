/**
 * Arithmetic card of the shard view: bytes on a wire, and the imbalance, with their numbers.
 */
import { html } from "lit-html";
import { fixed, formatInt, shorten } from "../kit/format.js";
import { selection } from "./state.js";
import { ID_BYTES, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/**
 * Return the lines of the arithmetic card.
 * @param {Scene} scene
 * @returns {{ lines: Line[], pinned: boolean }}
 */
export function arithmetic(scene) {
  const derived = derive(scene.trace);
  const { open } = scene.ui;
  if (!derived.K) return { lines: [], pinned: false };
  if (open?.kind === "fact") return { lines: fact(open.id, derived), pinned: true };
  const spot = selection(scene);
  if (spot?.part === "worker" && (spot.w ?? 0) < derived.W)
    return { lines: workerLines(derived, spot.w ?? 0), pinned: open?.kind === "worker" };
  if (spot && spot.n !== undefined && spot.n < derived.N)
    return { lines: idLines(derived, spot.n, spot.col), pinned: open?.kind === spot.part };
  return { lines: [...fact("imbalance", derived), ...fact("answers", derived)], pinned: false };
}

/** @param {unknown} value */
const on = (value) => html`<span class="on">${value}</span>`;

/** @param {number[]} loads @param {number} digits */
function ratio(loads, digits) {
  const sum = loads.reduce((total, load) => total + load, 0);
  const value = sum ? (Math.max(...loads) * loads.length) / sum : 1;
  const shown = loads.map((load) => fixed(load, digits)).join(" + ");
  return html`${fixed(Math.max(...loads), digits)} / ((${shown}) / ${loads.length}) = ${on(fixed(value))}`;
}

/** Return the formula of a fact. @param {string} id @param {Derived} derived @returns {Line[]} */
function fact(id, derived) {
  const { workers, D, itemsize, K, planned } = derived;
  if (id === "imbalance")
    return [
      {
        name: "imbalance",
        body: ratio(
          workers.map(({ answer }) => answer),
          0,
        ),
        note: "largest / mean, in bytes of rows",
      },
    ];
  if (id === "uniform" || id === "zipf") {
    const law = id === "zipf" ? 1 : 0;
    return [
      {
        name: `${law ? "Zipf" : "uniform"} ids`,
        body: ratio(
          workers.map(({ loads }) => loads[law]),
          0,
        ),
        note: `bytes of rows of a batch of ${formatInt(planned)} ids, by the plan`,
      },
    ];
  }
  const asked = workers.reduce((sum, { asks }) => sum + asks.length, 0);
  if (id === "requests") {
    const sent = workers.reduce((sum, { request }) => sum + request, 0);
    const note = "each id once to each worker that has a part of its row";
    return [{ name: "sent", body: html`${asked} · ${ID_BYTES} B = ${on(formatInt(sent))}`, note }];
  }
  if (id === "updates") {
    const sent = workers.reduce((sum, { update }) => sum + update, 0);
    return [
      {
        name: "step",
        body: html`${workers.map(({ update }) => formatInt(update)).join(" + ")} = ${on(formatInt(sent))} B`,
        note: "row numbers and gradients; a replicated row goes to every worker",
      },
    ];
  }
  const back = workers.reduce((sum, { answer }) => sum + answer, 0);
  return [
    {
      name: "rows",
      body: html`${K} · ${D} · ${itemsize} B = ${on(formatInt(back))}`,
      note: "distinct ids · columns · bytes of a number",
    },
  ];
}

/** @param {Derived} derived @param {number} w @returns {Line[]} */
function workerLines({ workers, itemsize, planned }, w) {
  const { asks, request, answer, columns, owned, memory, loads } = workers[w];
  const width = columns[1] - columns[0];
  return [
    {
      name: `worker ${w}`,
      body: html`${asks.length} · ${ID_BYTES} B = ${on(formatInt(request))} in, ${asks.length} · ${width} · ${itemsize} B = ${on(formatInt(answer))} out`,
      note: html`holds ${formatInt(owned)} × ${width} numbers, ${formatInt(memory)} B`,
    },
    {
      name: "expected",
      body: html`${on(fixed(loads[0], 0))} B with uniform ids, ${on(fixed(loads[1], 0))} B with Zipf ids`,
      note: `out, for ${formatInt(planned)} ids`,
    },
  ];
}

/** @param {Derived} derived @param {number} n @param {number} [col] @returns {Line[]} */
function idLines(derived, n, col) {
  const k = derived.distinctOf(n);
  const asked = derived.askers.filter((w) => derived.workers[w].asks.includes(k));
  const row = derived.row(k);
  const values = Array.from(row.length > 6 ? Array.from(row).slice(0, 6) : row, (v) => fixed(v));
  const rest = row.length > 6 ? ", …" : "";
  const name = derived.word(n)
    ? `${shorten(derived.word(n), 12)} = ${derived.id(n)}`
    : `id ${derived.id(n)}`;
  return [
    {
      name,
      body: html`row ${on(formatInt(derived.localRow(k)))} of worker ${asked.join(", ")}`,
      note: derived.isHot(k) ? "replicated: every worker has it" : "the number that travels",
    },
    col === undefined
      ? { name: "row", body: html`(${values.join(", ")}${rest})` }
      : { name: "row", body: html`E[${derived.id(n)}, ${col}] = ${on(fixed(row[col]))}` },
  ];
}
