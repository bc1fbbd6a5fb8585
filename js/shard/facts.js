/**
 * Facts beside the shard figure: the batch, the bytes on the wires, and the load of the workers.
 */
import { fixed, formatInt, shape } from "../kit/format.js";
import { rowsOf } from "./narration.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {number} count */
const bytes = (count) => `${formatInt(count)} B`;

/** @param {Scene} scene @returns {import("../kit/facts_panel.js").Facts} */
export function facts(scene) {
  const derived = derive(scene.trace);
  const { workers, busiest, expected, planned } = derived;
  /** @param {"request" | "answer" | "update"} name */
  const sum = (name) => workers.reduce((total, worker) => total + worker[name], 0);
  const batch = { name: "ids", value: formatInt(derived.N), given: true };
  const distinct = { name: "distinct ids", value: formatInt(derived.K), given: true };
  const table = { name: "table", value: shape([derived.V, derived.D]), given: true };
  const all = busiest.length === derived.W && derived.W > 1;
  const some = busiest.length > 2 ? `${busiest.length} workers` : `worker ${busiest.join(", ")}`;
  const who = all ? "all alike" : some;
  const busy = {
    name: "asked most",
    value: busiest.length ? `${who}: ${rowsOf(workers[busiest[0]].asks.length)}` : "none",
  };
  const imbalance = { name: "this batch", value: fixed(derived.imbalance), id: "imbalance" };
  const [uniform, zipf] = ["uniform ids", "Zipf ids"].map((name, law) => ({
    name: `expected, ${name}`,
    value: fixed(expected[law]),
    id: law ? "zipf" : "uniform",
  }));
  const sent = { name: "row numbers sent", value: bytes(sum("request")), id: "requests" };
  const back = { name: "rows returned", value: bytes(sum("answer")), id: "answers" };
  return {
    groups: [
      {
        title: "Batch",
        facts: [
          batch,
          distinct,
          { name: "sent", value: formatInt(workers.reduce((n, { asks }) => n + asks.length, 0)) },
          busy,
        ],
      },
      {
        title: "Bytes on the wires",
        facts: [
          sent,
          back,
          { name: "a training step", value: bytes(sum("update")), id: "updates" },
        ],
      },
      {
        title: "Imbalance: largest / mean",
        facts: [imbalance, uniform, zipf],
      },
      {
        title: "Table",
        facts: [
          table,
          { name: "workers", value: formatInt(derived.W), given: true },
          { name: "hot rows, replicated", value: formatInt(derived.hotRows), given: true },
          {
            name: "bytes on all workers",
            value: bytes(workers.reduce((n, { memory }) => n + memory, 0)),
            given: true,
          },
          { name: "ids of a planned batch", value: formatInt(planned), given: true },
          { name: "difference from one table", value: String(derived.difference) },
        ],
      },
    ],
    keys: scene.predicting
      ? [
          { ...batch, name: "Ids" },
          { ...distinct, name: "Distinct ids" },
          { ...table, name: "Shape of the table" },
        ]
      : [
          { ...busy, name: "Asked most" },
          { ...imbalance, name: "Imbalance" },
          { ...zipf, name: "Expected, Zipf" },
          { ...sent, name: "Sent" },
          { ...back, name: "Returned" },
        ],
  };
}
