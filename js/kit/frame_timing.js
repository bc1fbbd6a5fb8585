/**
 * How long an act takes until it is painted, for the tests that hold the budgets.
 *
 * Off unless the page sets `globalThis.embedlabBudget = true`; then each act leaves one
 * performance measure named "embedlab:<act>".
 */

/** @returns {boolean} */
const isTiming = () => Boolean(/** @type {any} */ (globalThis).embedlabBudget);

/**
 * Note that an act begins; the function it gives notes the end, once the frame is on the screen.
 * @param {string} name
 * @param {number} [start]
 */
export function startTiming(name, start = performance.now()) {
  if (!isTiming()) return () => {};
  return () =>
    afterPaint(() => performance.measure(`embedlab:${name}`, { start, end: performance.now() }));
}

/**
 * Call back after the next frame was painted.
 * @param {() => void} then
 */
function afterPaint(then) {
  const channel = new MessageChannel(); // a message posted in a frame is received just after its paint
  channel.port1.onmessage = () => {
    channel.port1.close();
    then();
  };
  channel.port2.postMessage(0);
}
