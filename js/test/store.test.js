import assert from "node:assert/strict";
import { test } from "node:test";
import { AGAIN_AFTER, CURSOR_EVERY, DIM_AFTER, SILENT_AFTER, Store } from "../kit/store.js";
import { message } from "./golden.js";
import { clock } from "./clock.js";

const { header, buffer } = message("default");

/** A model whose kernel answers when the test says so. */
function fake() {
  /** @type {Record<string, any>} */
  const traits = { _seq: 0, message: { header, buffer }, cursor: {}, answers: [] };
  /** @type {Set<() => void>} */
  const heard = new Set();
  /** @type {Record<string, any>[]} */
  const saved = [];
  /** @type {Record<string, any>[]} */
  const messages = [];
  return {
    saved,
    messages,
    heard,
    get: (/** @type {string} */ name) => traits[name],
    set: (/** @type {string} */ name, /** @type {any} */ value) => void (traits[name] = value),
    save_changes: () => void saved.push({ ...traits, message: undefined }),
    send: (/** @type {any} */ content) => void messages.push(content),
    on: (/** @type {string} */ _, /** @type {() => void} */ call) => void heard.add(call),
    off: (/** @type {string} */ _, /** @type {() => void} */ call) => void heard.delete(call),
    /** @param {number} seq @param {Record<string, any>} params @param {string | null} [error] */
    answer(seq, params, error = null) {
      traits.message = {
        header: { ...header, seq, error, params: { ...header.params, ...params } },
        buffer,
      };
      for (const call of heard) call();
    },
  };
}

test("one edit is in flight; what comes meanwhile leaves together, and the newest value wins", () => {
  const model = fake();
  const store = new Store(model, () => {});
  store.edit({ input_dim: 17 });
  store.edit({ input_dim: 18 });
  store.edit({ input_dim: 19, seed: 8 });
  assert.equal(model.saved.length, 1);
  assert.equal(store.params.input_dim, 19, "the control shows the newest at once");
  model.answer(1, { input_dim: 17 });
  assert.equal(model.saved.length, 2);
  assert.deepEqual(
    [model.saved[1].input_dim, model.saved[1].seed, model.saved[1]._seq],
    [19, 8, 2],
  );
  model.answer(2, { input_dim: 19, seed: 8 });
  assert.equal(store.waiting, "idle");
  assert.equal(model.saved.length, 2);
  store.close();
});

test("an answer older than the last edit is dropped", () => {
  const model = fake();
  const store = new Store(model, () => {});
  store.edit({ input_dim: 20 });
  model.answer(0, { input_dim: 5 });
  assert.equal(store.trace?.header.params.input_dim, 16);
  assert.equal(store.waiting, "sent");
  model.answer(1, { input_dim: 20 });
  assert.equal(store.trace?.header.params.input_dim, 20);
  store.close();
});

test("what Python changes by itself is shown", () => {
  const model = fake();
  const store = new Store(model, () => {});
  model.answer(0, { input_dim: 5 });
  assert.equal(store.params.input_dim, 5);
  store.close();
});

test("a refusal shows its sentence; what was typed stays, a slider goes back", () => {
  const model = fake();
  const store = new Store(model, () => {}, ["text"]);
  store.edit({ text: "no", input_dim: 4 });
  model.answer(1, {}, "It cannot be.");
  assert.equal(store.error, "It cannot be.");
  assert.deepEqual([store.params.text, store.params.input_dim], ["no", 16]);
  store.edit({ seed: 9 });
  model.answer(2, { seed: 9 });
  assert.equal(store.error, null);
  store.close();
});

test("a message that cannot be read leaves the last trace and says why", () => {
  const model = fake();
  const store = new Store(model, () => {});
  model.set("message", { header: { ...header, version: 99 }, buffer });
  for (const call of model.heard) call();
  assert.match(String(store.error), /version/);
  assert.equal(store.trace?.header.version, 1);
  store.close();
});

test("the view dims after a while, then says that Python is silent, and wakes with the answer", (t) => {
  const time = clock(t);
  const model = fake();
  /** @type {string[]} */
  const told = [];
  const store = new Store(model, (why) => void told.push(why));
  store.edit({ seed: 8 });
  time.tick(DIM_AFTER - 1);
  assert.equal(store.waiting, "sent");
  time.tick(1);
  assert.equal(store.waiting, "waiting");
  store.edit({ seed: 9 });
  assert.equal(model.saved.length, 1, "still one in flight");
  time.tick(SILENT_AFTER);
  assert.equal(store.waiting, "silent");
  model.answer(store.sentSeq, { seed: 9 });
  assert.equal(store.waiting, "idle");
  assert.deepEqual(told.filter((why) => why === "wait").length, 2);
  store.close();
});

test("an edit whose answer is lost is sent again, whole, and ever less often", (t) => {
  const time = clock(t);
  const model = fake();
  const store = new Store(model, () => {});
  store.edit({ input_dim: 20 });
  assert.deepEqual([model.saved.length, model.messages], [1, []]);
  model.save_changes = () => {}; // ipywidgets' model waits for the answer, and sends nothing more
  store.edit({ seed: 9 });
  time.tick(SILENT_AFTER);
  assert.deepEqual(model.messages, [{ input_dim: 20, seed: 9, _seq: 2 }], "asked again");
  time.tick(2 * SILENT_AFTER - 1);
  assert.equal(model.messages.length, 1);
  time.tick(1);
  assert.equal(model.messages.length, 2);
  store.reset(); // as a learner would
  time.tick(AGAIN_AFTER);
  assert.equal(model.messages.length, 3);
  model.answer(1, { input_dim: 20 }); // late, and older than what was asked last
  assert.equal(store.waiting, "silent");
  model.answer(4, {});
  assert.equal(store.waiting, "idle");
  store.edit({ seed: 3 });
  assert.equal(store.waiting, "sent");
  store.reportCursor({ step: 7 });
  store.reportAnswer({ question: "a", answer: [1], correct: false });
  time.tick(CURSOR_EVERY);
  assert.deepEqual(
    model.messages.slice(3).map((sent) => Object.keys(sent)),
    [["seed", "_seq"], ["answers"], ["cursor"]],
    "whatever follows takes the same way",
  );
  assert.deepEqual(model.messages[3], { seed: 3, _seq: 5 });
  store.close();
});

test("the cursor is reported throttled, and its last place always arrives", (t) => {
  const time = clock(t);
  const model = fake();
  const store = new Store(model, () => {});
  for (let step = 0; step < 50; step++) store.reportCursor({ step });
  assert.equal(model.saved.length, 0);
  time.tick(CURSOR_EVERY);
  assert.deepEqual(
    model.saved.map((s) => s.cursor),
    [{ step: 49 }],
  );
  store.reportCursor({ step: 49 });
  time.tick(CURSOR_EVERY);
  assert.equal(model.saved.length, 1, "nothing new, nothing sent");
  store.close();
});

test("an answer to a question replaces the earlier answer to it", () => {
  const model = fake();
  const store = new Store(model, () => {});
  store.reportAnswer({ question: "a", answer: [1], correct: false });
  store.reportAnswer({ question: "b", answer: [2], correct: true });
  store.reportAnswer({ question: "a", answer: [3], correct: true });
  assert.deepEqual(
    model.get("answers").map((/** @type {any} */ a) => [a.question, a.answer[0]]),
    [
      ["b", 2],
      ["a", 3],
    ],
  );
  store.close();
});

test("reset goes back to what Python began with, and close stops listening", () => {
  const model = fake();
  const store = new Store(model, () => {});
  model.set("message", {
    header: { ...header, initial: { seed: 3 }, params: { ...header.params, seed: 5 } },
    buffer,
  });
  for (const call of model.heard) call();
  store.reset();
  assert.equal(model.saved.at(-1)?.seed, 3);
  store.close();
  assert.equal(model.heard.size, 0);
});
