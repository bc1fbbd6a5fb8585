import assert from "node:assert/strict";
import { test } from "node:test";
import open from "../core/lookup/index.js";
import { BadLink, readLink, writeLink } from "../page/link.js";
import { Model } from "../page/model.js";
import { message } from "./golden.js";

const NAMES = ["text", "input_dim", "seed", "race"];
const first = message("default");
const { header } = /** @type {{ header: any }} */ (first);
const saved = header.params;

/** @param {any} state */
const encoded = (state) => Buffer.from(JSON.stringify(state)).toString("base64url");
/** @param {any} changes @param {any} [other] */
const link = (changes, other) =>
  `#embedlab=${encoded({ view: "lookup", version: 1, changes, ...other })}`;
/** @param {string} hash */
const refusal = (hash) => {
  try {
    readLink(hash, header, NAMES);
  } catch (error) {
    assert.ok(error instanceof BadLink);
    return error.message;
  }
  return "";
};

/** A page of a lookup, as saved. @param {boolean} computes @param {string[]} [inMessage] */
function page(computes, inMessage = ["method"]) {
  const { buffer } = /** @type {any} */ (first);
  const traits = { ...saved, _seq: 0, message: { header, buffer }, hide: [] };
  const core = computes
    ? open({ initial: saved, inputs: { table: null, vocabulary: null } }, traits.message)
    : null;
  return new Model({ traits, inMessage, noPython: "saved without Python" }, core);
}

test("a link holds what differs from the page as saved, and the controls it hides", () => {
  assert.equal(writeLink(header, saved, []), "");
  assert.equal(writeLink(header, saved, ["seed", "race"]), "#hide=seed,race");
  const now = { ...header, params: { ...saved, text: "猫 & <b> #3", seed: 8 } };
  const hash = writeLink(now, saved, ["race"]) ?? "";
  assert.match(hash, /^#embedlab=[\w-]+&hide=race$/);
  assert.deepEqual(readLink(hash, header, NAMES), {
    changes: { text: "猫 & <b> #3", seed: 8 },
    hide: ["race"],
  });
});

test("a state above 2 kB has no link", () => {
  const of = (/** @type {number} */ n) => ({
    ...header,
    params: { ...saved, text: "x".repeat(n) },
  });
  assert.ok((writeLink(of(1930), saved, []) ?? "").length <= 2_700);
  assert.equal(writeLink(of(2000), saved, []), null);
});

test("a link of Python's share_link is read", () => {
  const state = { view: "lookup", version: 1, params: { seed: 8 } };
  assert.deepEqual(readLink(`#embedlab=${encoded(state)}`, header, NAMES).changes, { seed: 8 });
});

test("a page with a table of its own reads the link that it wrote", () => {
  const own = { ...header, needs: ["table"] };
  const hash = writeLink({ ...own, params: { ...own.params, seed: 8 } }, own.params, []) ?? "";
  assert.deepEqual(readLink(hash, own, NAMES).changes, { seed: 8 });
  assert.throws(() => readLink(hash, header, NAMES), /a view of the same inputs/);
});

test("what is no link of this page is refused in one sentence", () => {
  const cases = {
    "#top": /must end in #embedlab= and a state. Received top\. Copy the whole link\.$/,
    "#embedlab=%%%": /must end in #embedlab= and a state/,
    [`#embedlab=${encoded([1])}`]: /must end in #embedlab= and a state/,
    [`#embedlab=${Buffer.from([0xff, 0xfe]).toString("base64url")}`]: /and a state/,
    [`#embedlab=${"A".repeat(3000)}`]: /must hold at most 2000 bytes. Received 3000 signs/,
    [link({}, { view: "window" })]: /must be of the view "lookup". Received window/,
    [link({}, { version: 2 })]: /must have version 1. Received 2/,
    [link({}, { needs: ["table"] })]: /must belong to a view of the same inputs/,
    [link({}, { extra: 1 })]: /must hold a state and no more. Received extra/,
    "#embedlab=": /Received nothing/,
    [link([1])]: /must hold parameters by their names/,
    [link({ dim: 3, __proto__: 1 })]: /must hold parameters of this view. Received dim/,
    [link(JSON.parse('{"__proto__": 1}'))]: /Received __proto__/,
    "#hide=dim,seed": /must hide controls of this view. Received dim. They are text, /,
  };
  for (const [hash, sentence] of Object.entries(cases)) {
    assert.match(refusal(hash), sentence, hash);
    assert.match(refusal(hash), /^This link was not used: [^\n]*\.$/);
  }
  assert.deepEqual(readLink("", header, NAMES), { changes: {}, hide: [] });
});

test("a state of a link is taken whole, as if the view had been made with it", () => {
  const model = page(true);
  const changes = { text: "a zebra ran", input_dim: 20, output_dim: 4 };
  model.restore(changes);
  const { message: now } = model.traits;
  assert.equal(now.header.error, null);
  assert.deepEqual(now.header.params, { ...saved, ...changes }); // grow stays, though V is another
  assert.deepEqual(now.header.shapes.table, [20, 4]);
  assert.equal(model.get("output_dim"), 4);
  model.restore({});
  assert.deepEqual(model.traits.message.header.params, saved);
});

test("a state that cannot be shown is refused whole", () => {
  for (const computes of [true, false]) {
    const model = page(computes, ["method", "output_dim"]);
    for (const changes of [
      { output_dim: 4, method: "sort" },
      { method: "one-hot", output_dim: 1e6 },
      { method: "one-hot", output_dim: "4" },
      { edits: [[-1, 0, 1]] },
      { input_dim: 3 }, // the words of the text have more rows, and V grows with them
    ]) {
      model.restore(changes);
      const { error, params } = model.traits.message.header;
      assert.match(error, /^This link was not used: /, JSON.stringify(changes));
      assert.deepEqual(params, saved);
    }
  }
});

test("without a core only what the message holds can change", () => {
  const model = page(false);
  model.restore({ method: "one-hot" });
  assert.equal(model.get("method"), "one-hot");
  assert.equal(model.traits.message.header.error, null);
  model.restore({ seed: 8 });
  assert.match(model.traits.message.header.error, /saved without Python/);
  assert.equal(model.get("method"), "one-hot");
});

test("an edit after a refused link is answered, and ends its sentence", async () => {
  const model = page(true);
  model.restore({ seed: -1 });
  assert.match(model.traits.message.header.error, /seed must be an integer/);
  const answered = new Promise((done) => model.on("change:message", () => done(null)));
  model.set({ output_dim: 3, _seq: 1 });
  model.save_changes();
  await answered;
  const { error, params, seq } = model.traits.message.header;
  assert.deepEqual([error, params.output_dim, seq], [null, 3, 1]);
});
