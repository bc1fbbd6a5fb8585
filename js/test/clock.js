/**
 * A clock that the test turns by hand. Node has one too, but in Node 18 (Debian 12's) it is not
 * exact: it reads the real time when a timer is set.
 * @param {import("node:test").TestContext} t
 */
export function clock(t) {
  const real = { setTimeout, clearTimeout };
  t.after(() => Object.assign(globalThis, real));
  /** @type {Map<number, { at: number, call: () => void }>} */
  const set = new Map();
  let now = 0;
  let last = 0;
  Object.assign(globalThis, {
    /** @type {(call: () => void, delay?: number) => number} */
    setTimeout(call, delay = 0) {
      set.set(++last, { at: now + delay, call });
      return last;
    },
    /** @type {(id: number) => void} */
    clearTimeout(id) {
      set.delete(id);
    },
  });
  return {
    /** @param {number} ms */
    tick(ms) {
      const until = now + ms;
      for (;;) {
        const due = [...set].filter(([, { at }]) => at <= until).sort((a, b) => a[1].at - b[1].at);
        if (!due.length) break;
        const [id, { at, call }] = due[0];
        set.delete(id);
        now = at;
        call();
      }
      now = until;
    },
  };
}
