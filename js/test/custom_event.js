/** Every browser has CustomEvent; Node 18 (Debian 12's) has not. */
globalThis.CustomEvent ??= /** @type {any} */ (
  class extends Event {
    /**
     * @param {string} name
     * @param {CustomEventInit} [init]
     */
    constructor(name, init) {
      super(name, init);
      this.detail = init?.detail ?? null;
    }
  }
);
