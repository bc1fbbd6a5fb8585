/**
 * Rendering into the page: at most once a frame, with the size and theme found there.
 */
import { startTiming } from "./frame_timing.js";
import { focusByPlace } from "./roving_tabindex.js";
import { watchTheme } from "./theme.js";

/**
 * Keep the host's shortcuts from what holds the keyboard. Jupyter looks for this mark on its way up
 * from the focused element, and some of its shortcuts match that very element: so it must carry it.
 * @param {FocusEvent} event
 */
function keepShortcuts({ target }) {
  /** @type {HTMLElement} */ (target).dataset.lmSuppressShortcuts = "true";
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
    this.size = { width: 0, figure: 0 };
    /** @type {Record<string, number>} acts that wait for their painting, and when they began */
    this.timedActs = {};
    /** @type {number | undefined} the frame that will paint */
    this.frameRequest = undefined;
    /** @type {string | undefined} the place that gets the keyboard once it is there */
    this.pendingFocus = undefined;
    this.themeWatch = watchTheme(this.root, () => {
      this.theme = this.themeWatch.read();
      this.repaint();
    });
    this.theme = this.themeWatch.read();
    this.sizeWatch = new ResizeObserver(() => this.measure());
    this.sizeWatch.observe(this.root);
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
    this.frameRequest ??= requestAnimationFrame(() => this.paintNow());
  }

  paintNow() {
    if (this.frameRequest !== undefined) cancelAnimationFrame(this.frameRequest);
    this.frameRequest = undefined;
    const ends = Object.entries(this.timedActs).map(([name, start]) => startTiming(name, start));
    this.timedActs = {};
    this.draw();
    if (this.pendingFocus && focusByPlace(this.root, this.pendingFocus))
      this.pendingFocus = undefined;
    for (const end of ends) end();
  }

  /**
   * Move the focus to a place after the next paint.
   * @param {string} place
   */
  focusAfterPaint(place) {
    this.pendingFocus = place;
    this.repaint();
  }

  /** Read the sizes the page gives, and paint again when they changed. */
  measure() {
    const width = this.root.clientWidth;
    const box = /** @type {HTMLElement | null} */ (this.root.querySelector(".figure"));
    const padding = box ? parseFloat(getComputedStyle(box).paddingLeft || "0") : 0;
    const figure = box ? Math.floor(box.clientWidth - 2 * padding) : 0;
    if (width === this.size.width && figure === this.size.figure) return;
    this.size = { width, figure };
    this.theme = this.themeWatch.read(); // the first size comes with the first place in the page
    this.paintNow();
  }

  close() {
    if (this.frameRequest !== undefined) cancelAnimationFrame(this.frameRequest);
    this.themeWatch.close();
    this.sizeWatch.disconnect();
    this.root.remove();
  }
}
