/**
 * Rendering into the page: at most once a frame, with the size and theme found there.
 */
import { LEAST_FIGURE_WIDTH, figureHeight, seenHeight } from "./figure_size.js";
import { nextTask, startTiming } from "./frame_timing.js";
import { focusByPlace } from "./roving_tabindex.js";
import { hostScale, watchTheme } from "./theme.js";

const VIEW_BORDERS = 2;
const FIGURE_PADDING = 11; // above and below it

/**
 * Keep the host's shortcuts from what holds the keyboard. Jupyter looks for this mark on its way up
 * from the focused element, and some of its shortcuts match that very element: so it must carry it.
 * @param {FocusEvent} event
 */
function keepShortcuts({ target }) {
  /** @type {HTMLElement} */ (target).dataset.lmSuppressShortcuts = "true";
}

/**
 * Let inputs show what is true, also where the learner has changed them and the edit was refused.
 * @param {HTMLElement} root
 */
function restoreInputs(root) {
  for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (
    root.querySelectorAll("input, select, textarea") // among thousands of cells, found faster than by an attribute
  )) {
    const { value: wanted, checked } = input.dataset;
    if (wanted !== undefined) {
      if (input.value !== wanted) input.value = wanted;
    } else if (input.type === "radio") input.checked = checked !== undefined;
  }
}

const FOCUSABLE = "button, input, select, textarea, [tabindex='0']";

/**
 * Remember where the keyboard is, so that it stays near when what holds it goes: without this it would fall to
 * the page, and the next Tab would begin at its top.
 * @param {HTMLElement} root
 */
function rememberFocus(root) {
  const { activeElement: active } = /** @type {Document} */ (root.getRootNode());
  if (!(active instanceof HTMLElement) || active === root || !root.contains(active)) return null;
  if (active.matches("[role=gridcell], [role=option]")) return null; // each view moves these itself
  /** @type {HTMLElement[]} */
  const around = [];
  for (let at = active.parentElement; at && around.at(-1) !== root; at = at.parentElement)
    around.push(at);
  const place = [...around[0].querySelectorAll(FOCUSABLE)].indexOf(active);
  return {
    restore() {
      if (root.contains(active) && !active.matches(":disabled")) return;
      for (const group of around.filter((one) => root.contains(one))) {
        const stops = [...group.querySelectorAll(FOCUSABLE)].filter(
          (one) => !one.matches(":disabled"),
        );
        const next = stops[Math.min(group === around[0] ? place : 0, stops.length - 1)];
        if (next) return /** @type {HTMLElement} */ (next).focus();
      }
    },
  };
}

export class Renderer {
  /**
   * @param {HTMLElement} el     where it goes
   * @param {() => void} draw    puts everything into `root`
   */
  constructor(el, draw) {
    this.draw = draw;
    this.root = document.createElement("div");
    this.root.className = "embedlab";
    this.root.addEventListener("focusin", keepShortcuts);
    el.append(this.root);
    this.size = { width: 0, figureWidth: 0, figureHeight: 0 };
    /** @type {Record<string, number>} acts that wait for their painting, and when they began */
    this.timedActs = {};
    /** @type {number | undefined} the frame that will paint */
    this.frameRequest = undefined;
    this.ahead = false; // whether this frame's picture is drawn, or will be, before the frame begins
    /** @type {string | undefined} the place that gets the keyboard once it is there */
    this.pendingFocus = undefined;
    this.themeWatch = watchTheme(this.root, () => {
      this.theme = this.themeWatch.read();
      this.measure(); // the host's font size may be another one
      this.repaint();
    });
    this.theme = this.themeWatch.read();
    this.sizeWatch = new ResizeObserver(() => this.measure());
    this.sizeWatch.observe(this.root);
    this.onResize = () => this.measure(); // a lower window, of the same width
    addEventListener("resize", this.onResize);
  }

  /**
   * Note the start of a timed act; its paint ends it.
   * @param {string} name
   * @param {number} [start]
   */
  timeAct(name, start = performance.now()) {
    this.timedActs[name] ??= start;
  }

  repaint() {
    this.frameRequest ??= requestAnimationFrame(() => this.paintNow(true));
  }

  /**
   * Paint what the learner did. The browser waits up to 16 ms for the next frame: the drawing is done meanwhile,
   * and what comes after it is drawn in the frame, so that nothing is drawn more than twice.
   */
  paintBeforeFrame() {
    this.repaint();
    if (this.ahead) return;
    this.ahead = true;
    requestAnimationFrame(() => {
      this.ahead = false;
    });
    nextTask(() => {
      if (this.frameRequest !== undefined) this.paintNow();
    });
  }

  /** @param {boolean} [inFrame]  whether the page is drawing a frame */
  paintNow(inFrame = false) {
    if (this.frameRequest !== undefined) cancelAnimationFrame(this.frameRequest);
    this.frameRequest = undefined;
    const ends = Object.entries(this.timedActs).map(([name, start]) => startTiming(name, start));
    this.timedActs = {};
    const focus = rememberFocus(this.root);
    this.draw();
    restoreInputs(this.root);
    if (!this.pendingFocus) focus?.restore();
    if (this.pendingFocus && focusByPlace(this.root, this.pendingFocus))
      this.pendingFocus = undefined;
    for (const end of ends) end(inFrame);
  }

  /**
   * Move the focus to a place after the next paint.
   * @param {string} place
   */
  focusAfterPaint(place) {
    this.pendingFocus = place;
    this.repaint();
  }

  /**
   * Read the sizes the page gives, and paint again when they changed. A view is laid out at a font size of
   * 16 px and scaled to that of its host, so that what is read is divided by the scale.
   */
  measure() {
    const scale = hostScale();
    this.root.style.setProperty("zoom", scale === 1 ? "" : String(scale));
    const full = document.fullscreenElement === this.root;
    const width = Math.floor(this.root.getBoundingClientRect().width / scale) - VIEW_BORDERS;
    if (width !== this.size.width) {
      this.size = { ...this.size, width }; // what the width decides is painted before the figure is measured
      this.theme = this.themeWatch.read(); // the first size comes with the first place in the page
      this.paintNow();
    }
    const box = this.root.querySelector(".figure");
    if (!box) return;
    const padding = 2 * parseFloat(getComputedStyle(box).paddingLeft || "0");
    const room = Math.floor(box.getBoundingClientRect().width / scale - padding);
    const figureWidth = Math.max(LEAST_FIGURE_WIDTH, room);
    this.root.style.setProperty("--figure-zoom", String(room / figureWidth));
    const seen = (full ? innerHeight : seenHeight(this.root)) / scale;
    const size = { width, figureWidth, figureHeight: figureHeight(width, seen, full) };
    this.root.style.setProperty("--figure-height", `${size.figureHeight + FIGURE_PADDING}px`);
    if (JSON.stringify(size) === JSON.stringify(this.size)) return;
    this.size = size;
    this.paintNow();
  }

  close() {
    if (this.frameRequest !== undefined) cancelAnimationFrame(this.frameRequest);
    this.themeWatch.close();
    this.sizeWatch.disconnect();
    removeEventListener("resize", this.onResize);
    this.root.remove();
  }
}
