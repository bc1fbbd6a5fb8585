/**
 * Narration of the shard view.
 */
import { html } from "lit-html";
import { fixed, formatInt, joinList, pluralize } from "../kit/format.js";
import { SCHEMES } from "./controls.js";
import { selection } from "./state.js";
import { ASKED, GROUPED, ID_BYTES, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

/** @param {number} count */
export const rowsOf = (count) => pluralize(count, "row");

/** An id, with its word if it has one. @param {Derived} derived @param {number} n */
export const idOf = (derived, n) =>
  derived.word(n) ? html`${derived.id(n)} (“<bdi>${derived.word(n)}</bdi>”)` : derived.id(n);

/** @param {Scene} scene */
export function narrate(scene) {
  const derived = derive(scene.trace);
  const { ui } = scene;
  if (scene.predicting)
    return html`An id that comes twice is sent once. Choose a worker, here or above.`;
  if (!derived.N) return html`No id, and no worker is asked. Type a batch.`;
  const spot = selection(scene);
  if (spot?.part === "worker" && (spot.w ?? 0) < derived.W)
    return narrateWorker(derived, spot.w ?? 0);
  if (spot && spot.n !== undefined && spot.n < derived.N) return narrateId(derived, spot.n);
  return narrateStep(derived, ui.step);
}

/** @param {Derived} derived @param {number} step */
function narrateStep(derived, step) {
  const { N, K, W, askers, workers, busiest } = derived;
  if (step < GROUPED)
    return html`A batch of ${pluralize(N, "id")}, and ${pluralize(W, "worker")}: ${holding(derived)}.`;
  if (step < ASKED)
    return K < N
      ? html`${pluralize(N - K, "id")} of the batch ${N - K === 1 ? "is" : "are"} there before: ${formatInt(K)} of ${formatInt(N)} are sent, each once.`
      : html`No id comes twice: all ${formatInt(N)} are sent.`;
  if (step === ASKED) {
    const most = workers[busiest[0]].asks.length;
    const who =
      busiest.length === W && W > 1
        ? html`every worker for ${rowsOf(most)}`
        : html`worker ${joinList(busiest)} for ${rowsOf(most)} of ${formatInt(K)}${askers.length < W ? html`, ${pluralize(W - askers.length, "worker")} for none` : ""}`;
    return html`The row numbers travel, ${ID_BYTES} bytes each: the lookup asks ${who}.`;
  }
  const answering = askers[step - ASKED - 1];
  if (answering !== undefined) {
    const { asks, answer, columns } = workers[answering];
    const [from, to] = columns;
    return html`Worker ${answering} returns ${derived.scheme === "column_wise" ? html`columns ${from}–${to - 1} of ` : ""}${rowsOf(asks.length)}: ${formatInt(asks.length)} · ${to - from} · ${derived.itemsize} = ${formatInt(answer)} bytes.`;
  }
  const extra = N - K ? html`${pluralize(N - K, "duplicate")} copied here; the` : "The";
  return html`${extra} busiest worker returns ${fixed(derived.imbalance)} times the mean; the plan expects ${fixed(derived.expected[0])} with uniform ids and ${fixed(derived.expected[1])} with Zipf ids.`;
}

/** What the scheme gives each worker. @param {Derived} derived */
function holding({ scheme, W, hotRows }) {
  const hot = hotRows ? ` Each also has the ${rowsOf(hotRows)} in front` : "";
  if (W === 1 || scheme === "table_wise") return "worker 0 holds the whole table";
  const what = {
    row_wise: "each holds a block of rows",
    row_wise_hashed: "a hash spreads the rows over them",
    column_wise: "each holds some columns of every row",
  }[scheme];
  return `${what}${hot && "."}${hot}`;
}

/** @param {Derived} derived @param {number} w */
function narrateWorker(derived, w) {
  const worker = derived.workers[w];
  const { asks, request, answer } = worker;
  if (!worker.owned) return html`Worker ${w} holds nothing of this table, so it is never asked.`;
  if (!asks.length) return html`Worker ${w} holds ${worker.holding}; no id of this batch is there.`;
  return html`Worker ${w} holds ${worker.holding}; it is asked for ${rowsOf(asks.length)}, gets ${formatInt(request)} bytes and sends ${formatInt(answer)} back.`;
}

/** @param {Derived} derived @param {number} n */
function narrateId(derived, n) {
  const k = derived.distinctOf(n);
  const asked = derived.askers.filter((w) => derived.workers[w].asks.includes(k));
  const count = derived.count(k);
  const times =
    count > 1 ? html`; it is ${formatInt(count)} times in the batch, and sent once` : "";
  if (derived.scheme === "column_wise" && derived.W > 1)
    return html`Id ${idOf(derived, n)} is sent to every worker, since each holds some of its columns${times}.`;
  const where = derived.isHot(k)
    ? html`is on every worker; worker ${asked[0]} has the least to do, and reads it`
    : html`is row ${formatInt(derived.localRow(k))} of worker ${asked[0]}`;
  return html`Id ${idOf(derived, n)} ${where}${times}.`;
}

/**
 * Describe what changed between two traces, in one sentence, or "".
 * @param {Record<string, any>} was
 * @param {Scene} scene
 */
export function narrateChange(was, { trace }) {
  const { params } = trace.header;
  const derived = derive(trace);
  const expected = `expected imbalance ${fixed(derived.expected[1])} with Zipf ids`;
  if (was.scheme !== params.scheme)
    return `${SCHEMES[params.scheme]}: ${fixed(derived.imbalance)} in this batch, ${expected}.`;
  if (was.workers !== params.workers)
    return `${pluralize(params.workers, "worker")}: ${fixed(derived.imbalance)} in this batch, ${expected}.`;
  if (was.hot_rows !== params.hot_rows)
    return `${pluralize(derived.hotRows, "hot row")} on every worker: ${expected}; a training step sends ${formatInt(derived.workers.reduce((sum, { update }) => sum + update, 0))} bytes.`;
  return "";
}
