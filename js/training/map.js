/**
 * The map of a run: each row of the table as a point, the way it came, and the arrow of a row that
 * moves without a gradient.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { mapper } from "./layout.js";
import { carrier } from "./narration.js";
import { short } from "./number_format.js";
import { ARROW, MOMENTUM, label, standing } from "./positions.js";
import { runOf } from "./state.js";
import { AHEAD, distance } from "./trace.js";
import { pastTrail, path, trail } from "./trails.js";

/** @typedef {import("./state.js").Drawing} Drawing */
/** @typedef {import("./positions.js").Dot} Dot */

/** The points, their names and ways, on a layer of its own: it stays while the pointer moves. @param {Drawing} d */
export function ground(d) {
  const { scene, reading, at, s } = d;
  const { row, pins } = scene.ui.own;
  return guard([scene.trace, at, s, row, pins.join(), scene.theme, revealed(d, runOf(scene))], () =>
    reading.runs.map((_, n) => land(d, n)),
  );
}

/**
 * What looks the same is one path: at each step the browser styles and lays out every element anew.
 * @param {Drawing} d
 * @param {number} n
 */
function land(d, n) {
  const { scene, reading, at, s } = d;
  const { own } = scene.ui;
  const run = reading.runs[n];
  const box = at.maps[n];
  const { here, flying, names } = standing(d)[n];
  const pinned = (/** @type {number} */ row) => own.pins.includes(row);
  const state = (/** @type {number} */ row) => (pinned(row) ? "pinned" : run.glides(s, row) ? "glides" : "");
  const ways = (/** @type {boolean} */ those) =>
    reading.order.flatMap((row) => (pinned(row) === those ? [trail(d, n, row, s + 1)] : [])).join("");
  const spots = (/** @type {string} */ kind) =>
    here.flatMap(({ row, x, y }) => (state(row) === kind ? [spot(x, y, kind === "pinned" ? 5 : 4)] : [])).join("");
  const gone = revealed(d, n);
  return svg`<rect class="sheet" x=${box.x} y=${box.y} width=${box.w} height=${box.h} rx="6" />
    <path class="trail" d=${ways(false)} />
    <path class="trail pinned" d=${ways(true)} />
    ${ghost(d, n)}
    <g class="arrows"><path d=${flying.map(({ line }) => line).join("")} /><path class="tip" d=${flying.map(({ head }) => head).join("")} /></g>
    ${["", "glides", "pinned"].map((kind) => svg`<path class="dot ${kind}" d=${spots(kind)} />`)}
    ${here.map(({ row }) => (gone && row === own.row ? nothing : name(names.get(row), state(row), label(d, row))))}
    ${name(names.get(MOMENTUM), "momentum", carrier(run.rule(s).optimizer))}
    ${here.length ? nothing : svg`<text x=${box.x + box.w / 2} y=${box.y + box.h / 2} text-anchor="middle">no row stands at a finite place</text>`}
    ${n === reading.runs.length - 1 ? note(d, box) : nothing}`;
}

/** A disc, as a part of a path. @param {number} x @param {number} y @param {number} radius */
const spot = (x, y, radius) =>
  `M${r(x - radius)} ${r(y)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;

/** @param {{ x: number, y: number, anchor: string } | undefined} place @param {string} kind @param {string} text */
const name = (place, kind, text) =>
  place ? svg`<text class="name ${kind}" transform="translate(${r(place.x)} ${r(place.y)})" text-anchor=${place.anchor}>${text}</text>` : nothing;

/** What is chosen or pointed at, above the points. @param {Drawing} d */
export const maps = (d) => d.at.maps.map((_, n) => above(d, n));

/** @param {Drawing} d @param {number} n */
function above(d, n) {
  const { scene, reading, at, s, row } = d;
  const run = reading.runs[n];
  const box = at.maps[n];
  const { here, names } = standing(d)[n];
  const most = Math.max(20, Math.floor(box.w / 6.8));
  const long = run.turn === null ? run.title : `${run.title}, from step ${run.turn + 1}`;
  const title = long.length > most ? run.title : long;
  const dot = here.find((one) => one.row === row);
  const place = dot && (names.get(row) ?? { x: dot.x + 9, y: dot.y + 4, anchor: "start" });
  return svg`<g>
    <text class="head title ${d.n === n ? "active" : ""}" x=${box.x} y=${box.y - 9}>${title.length > most ? `${title.slice(0, most - 1)}…` : title}</text>
    <path class="trail hit" d=${guard([scene.trace, at, s, row], () => trail(d, n, row, s + 1))} />
    ${d.n === n ? ruler(d, here) : nothing}
    ${dot ? svg`<circle class="dot hit" cx=${r(dot.x)} cy=${r(dot.y)} r="6" />` : nothing}
    ${revealed(d, n) ? ahead(d, n) : name(place, "hit", label(d, row))}
  </g>`;
}

/** The way the run would have gone on, behind the branch. @param {Drawing} d @param {number} n */
function ghost(d, n) {
  const { scene, reading, s, at } = d;
  const past = reading.ghost;
  const { own } = scene.ui;
  if (!past || past.run !== n || s + 1 <= past.from) return nothing;
  const map = mapper(reading.bounds, at.maps[n]);
  const special = (/** @type {number} */ row) => row === own.row || own.pins.includes(row);
  const those = (/** @type {boolean} */ kind) => reading.order.filter((row) => special(row) === kind);
  const way = (/** @type {number} */ row) => pastTrail(d, past, row, s + 1);
  const stands = (/** @type {number} */ row) => {
    const [x, y] = map.at(reading.place(past.weights(s + 1, row)));
    return Number.isFinite(x) && Number.isFinite(y) ? spot(x, y, 3.5) : "";
  };
  return svg`<g class="ghost">
    <path d=${those(false).map(way).join("")} /><path class="special" d=${those(true).map(way).join("")} />
    <path class="spots" d=${reading.order.map(stands).join("")} />
  </g>`;
}

/** After a prediction: where the row really went, and its name there. @param {Drawing} d @param {number} n */
function ahead(d, n) {
  const { reading, s, row, run, at } = d;
  const way = path(d, n, run.weights, row, s + 1, Math.min(reading.S, s + 1 + AHEAD));
  const [x, y] = way.slice(Math.max(way.lastIndexOf("L"), 0) + 1).split(" ").map(Number);
  const left = x > at.maps[n].x + at.maps[n].w - 70;
  return way
    ? svg`<path class="ahead" pathLength="1" d=${way} /><circle class="dot glides" cx=${x} cy=${y} r="5" />
      ${name({ x: x + (left ? -9 : 9), y: y + 4, anchor: left ? "end" : "start" }, "hit", label(d, row))}`
    : nothing;
}

/** Whether a prediction about this run was revealed: its row's name moves along. @param {Drawing} d @param {number} n */
const revealed = ({ scene }, n) => scene.ui.prediction?.phase === "revealed" && runOf(scene) === n;

/** From the row that is looked at to each pinned one: the true distance. @param {Drawing} d @param {Dot[]} here */
function ruler({ scene, run, row, s }, here) {
  const one = here.find((dot) => dot.row === row);
  if (!one) return nothing;
  return scene.ui.own.pins.map((/** @type {number} */ pin) => {
    const two = here.find((dot) => dot.row === pin);
    if (!two || pin === row) return nothing;
    const true_ = distance(run.weights(s + 1, row), run.weights(s + 1, pin));
    return svg`<g class="ruler"><path d="M${r(one.x)} ${r(one.y)}L${r(two.x)} ${r(two.y)}" />
      <text class="name" x=${r((one.x + two.x) / 2)} y=${r((one.y + two.y) / 2 - 5)} text-anchor="middle">${short(true_)}</text></g>`;
  });
}

/** How the numbers became places, below the maps. @param {Drawing} d @param {import("./layout.js").Box} box */
function note({ reading, at }, box) {
  const { D, kept } = reading;
  const share = kept === null ? "" : `: ${Math.round(kept * 100)} % of the variance`;
  const said = D > 2 ? `D = ${D}, a fixed plane${share}` : D === 2 ? "D = 2, nothing is projected" : "D = 1: left and right";
  return svg`<text class="sub" x="0" y=${box.y + box.h + 14}>${said}; ${at.narrow ? "arrows" : "an arrow is"} ${ARROW} × the move</text>`;
}

/** @param {number} v */
const r = (v) => Math.round(v * 10) / 10;
