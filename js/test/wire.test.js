import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, rowOf } from "../kit/wire.js";
import { message, trace } from "./golden.js";

test("arrays come with their shape, and rows are views of them", () => {
  const { arrays, header } = trace("default");
  assert.deepEqual(arrays.table.shape, [16, 8]);
  assert.equal(arrays.table.data.length, 128);
  const row = rowOf(arrays.table, header.params.input_dim - 1);
  assert.equal(row.buffer, arrays.table.data.buffer);
});

test("the output is the rows of the table, to the bit", () => {
  for (const name of ["default", "lens", "hostile", "smallest"]) {
    const { arrays } = trace(name);
    arrays.ids.data.forEach((id, n) => {
      assert.deepEqual(
        [...rowOf(arrays.output, n)],
        [...rowOf(arrays.table, id)],
        `${name}, word ${n}`,
      );
    });
  }
});

test("NaN travels in arrays", () => {
  const { arrays } = trace("nan");
  assert.ok(rowOf(arrays.output, 1).every(Number.isNaN));
});

test("a buffer that starts crooked is read all the same", () => {
  const { header, buffer } = message("default");
  const shifted = new Uint8Array(buffer.length + 3);
  shifted.set(buffer, 3);
  const crooked = decode({ header, buffer: new DataView(shifted.buffer, 3) });
  assert.deepEqual(crooked.arrays.table.data, trace("default").arrays.table.data);
});

test("a buffer as base64, from a host that sends JSON", () => {
  const { header, buffer } = message("default");
  const text = Buffer.from(buffer).toString("base64");
  assert.deepEqual(decode({ header, buffer: text }), decode({ header, buffer }));
});

test("an array beyond its buffer is refused with a sentence", () => {
  const { header, buffer } = message("default");
  assert.throws(() => decode({ header, buffer: buffer.slice(0, 40) }), /does not fit its buffer/);
  const ids = { dtype: "bfloat16", shape: [2], offset: 0 };
  const unknown = { ...header, arrays: { ids } };
  assert.throws(
    () => decode({ header: unknown, buffer }),
    /Array ids of bfloat16 \(2\) does not fit/,
  );
});

test("another version is refused with a sentence", () => {
  const { header, buffer } = message("default");
  assert.throws(
    () => decode({ header: { ...header, version: 2 }, buffer }),
    /version 1\. Received 2/,
  );
});
