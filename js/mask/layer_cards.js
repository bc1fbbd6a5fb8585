/**
 * The model as a row of cards, and the sentences with the handles that cut them.
 */
import { html, nothing } from "lit-html";
import { icon } from "../kit/icons.js";
import { markOf } from "../kit/predict.js";
import { boundary, rowTop } from "./layout.js";
import { wordsOf } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @type {Record<string, string>} */
const VERDICTS = {
  made: "mask made",
  kept: "mask kept",
  replaced: "mask replaced",
  consumed: "mask used",
  "lost here": "mask lost here",
  none: "no mask",
};

/** @param {Drawing} d */
export function cards({ scene, reading, at, asked }) {
  const { ui } = scene;
  const none = reading.stages.length;
  const first = at.columns[0].card;
  const chosen = asked ? (ui.own.asking ?? 0) : Math.min(ui.step, none - 1);
  return html`<div class="source" style="left:${first.x}px;top:${first.y}px;width:${first.w}px;height:${first.h}px">ids</div>
    <div role="listbox" aria-label=${asked ? "Which layer loses the mask?" : "Layers"} aria-orientation=${at.narrow ? "vertical" : "horizontal"}>
      ${reading.stages.map((stage) => {
        const { x, y, w, h } = at.columns[stage.n + 1].card;
        const mark = markOf(ui.prediction, stage.n);
        const selected = asked ? mark === "chosen" : chosen === stage.n;
        const shown = asked ? "" : stage.verdict;
        const moved = ui.own.drag?.from === stage.n && ui.own.drag.gap != null;
        return html`<div
          role="option"
          class="card-layer ${shown === "lost here" ? "lost" : ""} ${selected ? "hit" : ""} ${mark} ${moved ? "moved" : ""} ${ui.playing && stage.n > ui.step ? "later" : ""} ${stage.n ? "movable" : ""}"
          aria-selected=${String(selected)}
          tabindex=${stage.n === chosen ? 0 : -1}
          data-place="layer:${stage.n}"
          title="${stage.kind}, ${stage.name}"
          style="left:${x}px;top:${y}px;width:${w}px;height:${h}px${w < 84 ? `${w < 76 ? ";font-size:10.5px;padding:0 2px" : ";font-size:11px"}` : ""}"
        >
          <bdi>${stage.label}</bdi>${mark ? html`<span class="badge ${mark}">${icon(mark === "chosen" ? "right" : mark)}<span class="unseen">${mark === "missed" ? "it is this one" : mark}</span></span>` : nothing}${
            stage.n && selected && !asked && !ui.prediction ? html`<span class="away" aria-hidden="true" title="Take it out (Delete)">${icon("close")}</span>` : nothing
          }
          ${shown ? html`<span class="verdict-of ${shown.replace(" ", "-")}">${w < 84 && !at.narrow ? VERDICTS[shown].replace(/^mask /, "") : VERDICTS[shown]}</span>` : nothing}
        </div>`;
      })}
      ${
        ui.prediction && (asked || markOf(ui.prediction, none))
          ? html`<div role="option" class="card-layer nobody ${markOf(ui.prediction, none)} ${asked && markOf(ui.prediction, none) ? "hit" : ""}" aria-selected=${String(markOf(ui.prediction, none) === "chosen")} tabindex=${asked && chosen === none ? 0 : -1} data-place="layer:${none}"
            style="left:0;top:${at.foot - 4}px;width:${at.narrow ? 150 : 170}px;height:28px"><bdi>No layer loses it</bdi>${markOf(ui.prediction, none) ? html`<span class="badge ${markOf(ui.prediction, none)}">${icon(markOf(ui.prediction, none) === "chosen" ? "right" : markOf(ui.prediction, none))}</span>` : nothing}</div>`
          : nothing
      }
    </div>`;
}

/** Below the ids the sentence itself, and where its padding begins: a handle to drag. @param {Drawing} d */
export function sentences({ scene, reading, at }) {
  const pre = scene.trace.header.params.padding === "pre";
  const { own } = scene.ui;
  const { x, w } = at.columns[0];
  return Array.from({ length: reading.B }, (_, b) => {
    const top = rowTop(at, 0, b);
    const words = wordsOf(reading, b);
    const n = reading.lengths[b];
    return html`<div
        role="slider"
        class="grip"
        tabindex=${own.sentence === b || (b === 0 && own.sentence >= reading.B) ? 0 : -1}
        data-place="pad:${b}"
        aria-label="Words of sentence ${b + 1}"
        aria-valuemin="0"
        aria-valuemax=${reading.available[b]}
        aria-valuenow=${n}
        aria-valuetext="${n} words, ${reading.T - n} padding"
        title="Drag: what is cut becomes padding"
        style="left:${boundary(at, reading, pre, b) - 6.75}px;top:${top + (at.vh - Math.min(22, at.vh)) / 2 - 3}px;height:${Math.min(22, at.vh) + 6}px"
      ></div>
      ${
        at.narrow
          ? nothing
          : html`<div class="line ${own.sentence === b ? "chosen" : ""}" aria-hidden="true" style="left:${x}px;width:${w}px;top:${top + at.vh + 1}px"><bdi>${words.join(" ") || "no word"}</bdi></div>`
      }`;
  });
}
