/**
 * The mask as a ribbon below the values: dots for its positions, a line from layer to layer, and
 * an end: used by a layer, or lost.
 */
import { nothing, svg } from "lit-html";
import { cellX, drawnSentences, rowTop } from "./layout.js";

/** @typedef {import("./figure.js").Drawing} Drawing */
/** @typedef {import("./trace.js").Stage} Stage */

/** @param {number} v */
const n = (v) => Math.round(v * 10) / 10;

/** @param {Drawing} d @param {Stage} stage */
export function dots({ derived, at }, stage) {
  if (!stage.mask) return nothing;
  const k = stage.n + 1;
  const r = n(at.r);
  let words = "";
  let masked = "";
  let through = "";
  for (const b of drawnSentences(at, derived.B)) {
    const y = n(rowTop(at, k, b) + at.dots);
    through += `M${n(at.columns[k].x + 1)} ${y}H${n(cellX(at, k, stage.cells) - 2)}`;
    for (let t = 0; t < stage.cells; t++) {
      const x = n(cellX(at, k, t + 0.5) - 0.75);
      const dot = `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
      if (stage.mask(b, t)) words += dot;
      else masked += dot;
    }
  }
  return svg`<g class="dots ${stage.status === "replaced" ? "replaced" : ""}" aria-hidden="true"><path class="through" d=${through} /><path class="word" d=${words} /><path class="masked" d=${masked} /></g>`;
}

/**
 * Draw the mask from one stage to the next: passed on, used by a vector, or frayed where it is lost.
 * @param {Drawing} d
 * @param {Stage} before
 * @param {Stage} stage
 */
export function maskRibbon(d, before, stage) {
  const { derived, at } = d;
  if (!before.mask) return nothing;
  if (at.narrow) return verticalRibbon(d, before, stage);
  let on = "";
  let frayed = "";
  for (let b = 0; b < derived.B; b++) {
    const from = n(cellX(at, before.n + 1, before.cells) - 2);
    const to = n(at.columns[stage.n + 1].x + (stage.mask ? 1 : -3));
    const y = n(rowTop(at, stage.n + 1, b) + at.dots);
    if (stage.status === "lost here") frayed += fray(from, y, to - from, 0);
    else if (stage.status === "consumed") on += flow(from, y, to, n(y - at.dots + at.vh / 2));
    else on += `M${from} ${y}H${to}`;
  }
  return parts(on, frayed, stage);
}

/**
 * On a phone one ribbon runs down beside the cards.
 * @param {Drawing} d
 * @param {Stage} before
 * @param {Stage} stage
 */
function verticalRibbon({ at }, before, stage) {
  const a = at.columns[before.n + 1].card;
  const b = at.columns[stage.n + 1].card;
  const x = a.x + a.w - 9;
  const [from, to] = [a.y + a.h + 2, b.y - 3];
  const end = Math.max(from, to - 26);
  if (stage.status === "lost here")
    return parts(`M${x} ${from}V${end}`, fray(x, end, 0, to - end), stage);
  return parts(`M${x} ${from}V${to}`, "", stage);
}

/** @param {string} on @param {string} frayed @param {Stage} stage */
function parts(on, frayed, { status }) {
  return svg`<g class="strand ${status === "replaced" ? "replaced" : ""}" aria-hidden="true">
    <path class="on" d=${on} />${frayed ? svg`<path class="frayed" d=${frayed} />` : nothing}
  </g>`;
}

/**
 * Return a curve up into the middle of a vector.
 * @param {number} x
 * @param {number} y
 * @param {number} x2
 * @param {number} y2
 */
const flow = (x, y, x2, y2) =>
  `M${x} ${y}C${n(x + (x2 - x) * 0.6)} ${y} ${n(x + (x2 - x) * 0.4)} ${y2} ${x2} ${y2}`;

/**
 * Return a frayed end: a short line, then three threads.
 * @param {number} x
 * @param {number} y
 * @param {number} w  to the right
 * @param {number} h  or down
 */
function fray(x, y, w, h) {
  const across = Math.min(6, Math.max(4, (w || h) * 0.3));
  const [dx, dy] = w ? [1, 0] : [0, 1];
  const long = w || h;
  const [mx, my] = [x + dx * long * 0.3, y + dy * long * 0.3];
  /** @param {number} aside @param {number} share */
  const thread = (aside, share) => {
    const ex = x + dx * long * share + dy * aside;
    const ey = y + dy * long * share + dx * aside;
    return `M${n(mx)} ${n(my)}Q${n(mx + dx * long * 0.25)} ${n(my + dy * long * 0.25)} ${n(ex)} ${n(ey)}`;
  };
  return `M${n(x)} ${n(y)}L${n(mx)} ${n(my)}${thread(-across, 0.85)}${thread(0.5, 0.72)}${thread(across, 0.95)}`;
}
