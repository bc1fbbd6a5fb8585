import assert from "node:assert/strict";
import { test } from "node:test";
import { orthogonal } from "../core/mask/weights.js";

/** @param {number} received @param {number} expected */
const near = (received, expected) =>
  assert.ok(Math.abs(received - expected) < 1e-12 * Math.max(1, Math.abs(expected)), `${received}`);

test("orthogonal weights are those of embedlab.initializers, square or wide", () => {
  const square = [-0.9552371741994283, -0.29584107393580616];
  square.push(square[1], -square[0]);
  for (const [n, value] of orthogonal(2, 2, 5).entries()) near(value, square[n]);
  const wide = orthogonal(2, 4, 5);
  near(wide[0], -0.528686181767932);
  near(wide[7], -0.33681359970380037);
});
