/** Numbers of the standard normal distribution, bit for bit those of NumPy's `Generator`. */

/** @typedef {import("./random.js").Generator} Generator */

const TAIL = 3.6541528853610088; // where the tail begins
const TAIL_INVERSE = 0.27366123732975828;
const BITS = 2 ** 52;

/**
 * The right edges of the 256 layers of the ziggurat, as Float64Array: those of NumPy to the last bit.
 *
 * Each layer and the tail have the same area under exp(-x² / 2). The first is the layer of the tail,
 * a rectangle of its area. Computed here they would differ in the last bits between browsers.
 * Source: Marsaglia and Tsang, "The ziggurat method for generating random variables", Journal of
 * Statistical Software 5(8), 2000.
 */
const EDGES = readEdges(`
edkVeDtJD0DG9v3jC43LP7RbLDyvUNI/YTtEOLl81T8Mpy/o/AHYP7zQTC4MI9o/92E4L00A3D90cnRaL6zdP8PVTC1IMt8/
rbuOJzJN4D9DXQI7BfXgP3c2QZemkuE/9Rp6j6In4j+A2GM4LrXiP/WRV8A/POM/L7GiwZ694z9Vm/+N7znkP6f+PTa7seQ/
dNMaYnUl5T+WzgengJXlP+p+2c8xAuY/PXyjYdJr5j9wBQCSotLmP6b4RtPaNuc/dyqzEK2Y5z9D9UatRfjnP3cKQ1PMVeg/
mnZ7nmSx6D+Yz06pLgvpP+oeLIJHY+k/RsU4jsm56T8sp6TczA7qP1nNd21nYuo/MBYQbq206j+cbBNtsQXrPyl6QoeEVes/
Op9Sjjak6z8ygr8q1vHrP/NOWflwPuw/YTsypROK7D+LJnL+ydTsP0i3gA6fHu0/EB/kKZ1n7T/DuCMAzq/tP1N28ak69+0/
/u3Stes97j8Ab3oz6YPuP86C+b06ye4/JmLwhOcN7z+I9thU9lHvP67Xh55tle8/rC76fVPY7z/sNELgVg3wP5qPOfVALvA/
/KUWnupO8D8QoHJbVm/wPwv0cZCGj/A/E2G8hH2v8D9/zEtmPc/wP2sIFkvI7vA/7hWVMiAO8T++DzEHRy3xP0GRjp8+TPE/
HiDEvwhr8T802ngap4nxP4ht7lEbqPE/yyr4+GbG8T8u1OCTi+TxP5+gQJmKAvI/6cbEcmUg8j8fw+l9HT7yP/trqQy0W/I/
f9MdZip58j8b1xnHgZbyP9ouuGK7s/I/U7jhYtjQ8j+Oqcvo2e3yP9dIbg3BCvM/MLn04Y4n8z+hXiZwRETzP9VSyrriYPM/
algFvmp98z9ksrJv3ZnzPwM9uL87tvM/4B1WmIbS8z+DWnLevu7zP3Se4HHlCvQ/XXSmLfsm9D+kMDzoAEP0P13HynP3XvQ/
NsNmnt969D8vj0gyupb0P11BAvaHsvQ/3BGzrEnO9D8FpjgWAOr0P2JVXu+rBfU/WosK8k0h9T9PZmrV5jz1P8iyG053WPU/
eF9VDgB09T8UhQ7GgY/1P1kbJCP9qvU/PXN90XLG9T/TjC974+H1Pzhen8hP/fU/wx+jYLgY9j+isKLoHTT2PwsmtwSBT/Y/
cpbJV+Jq9j83MbGDQob2P7GyUCmiofY/u0Oz6AG99j9S0yhhYtj2P1T4YTHE8/Y/62iL9ycP9z/GFGlRjir3P9zucNz3Rfc/
H3PlNWVh9z9J9O/61nz3P5O9ushNmPc/CRSLPMqz9z/7ItvzTM/3P+fec4zW6vc/H+qGpGcG+D92hsjaACL4PxWfic6iPfg/
vfXRH05Z+D/FfnpvA3X4Py33R1/DkPg/Q8AFko6s+D+cDKGrZcj4PydqRFFJ5Pg/j7VzKToA+T9HgyjcOBz5P/wK7xJGOPk/
iqIDeWJU+T/u1XC7jnD5PzEqLonLjPk/v5k/kxmp+T8s2dWMecX5PxF0byvs4fk/StL6JnL++T+SNvk5DBv6P1vIoiG7N/o/
iLsLnn9U+j+kqUpyWnH6Pz0xoGRMjvo/CPGfPlar+j/O9VrNeMj6Pzazi+G05fo/GqHDTwsD+z9bmJrwfCD7PwAM4KAKPvs/
Az3OQbVb+z8niT+5fXn7Pzz35fFkl/s/biWF22u1+z+iwC5rk9P7P4OugZvc8fs/oBbsbEgQ/D8tevDl1y78PxwNbhOMTfw/
BYfsCGZs/D8XpuvgZov8P6uiNr2Pqvw/kNY7x+HJ/D834GgwXun8P26PizIGCf0/IO83ENso/T9HxjMV3kj9PyPx55YQaf0/
pfvX9HOJ/T9wbiCZCar9Pw5J/PjSyv0/Ny5SldHr/T8c0kn7Bg3+P/ZG6sR0Lv4/iNHBmRxQ/j8l/pcvAHL+Pwq/KkshlP4/
CG/3wIG2/j86pxB2I9n+P6nsAWEI/P4/IVPCijIf/z9tTbcPpEL/P2gBySBfZv8/gpeJBGaK/z+/InEYu67/P4XnL9Jg0/8/
C/YYwVn4/z91oNNH1A4AQEfJjwKoIQBAqwKpg6k0AEDH9T5O2kcAQH6zrfY7WwBAaCanI9BuAEAXLmOPmIIAQFSi6AiXlgBA
xMBxdc2qAEBI1O7RPb8AQDA9qjTq0wBAk2URz9ToAEC2n6bv//0AQEFwIARuEwFANV27myEpAUBtCcRpHT8BQDsuYEhkVQFA
8+6dO/lrAUBhEtJ034IBQKzrTlYamgFAji9/d62xAUCUpnGpnMkBQDmu5Pvr4QFAAdniwp/6AUCBzASdvBMCQO7Tb3pHLQJA
JJyspEVHAkDgWHbHvGECQC5ZqPqyfAJAeA53zS6YAkBSCipTN7QCQJfbljHU0AJA9XipsQ3uAkDurlbS7AsDQKOkaF57KgNA
oxKuBcRJA0BAqDN60mkDQApBVpKzigNA+oiucHWsA0CmBBezJ88DQHX0YKrb8gNA2uW5nKQXBECUXlQVmD0EQBU6p0TOZARA
vEOcdWKNBEAnWmudc7cEQAKJzQ0l4wRAQazpU58QBUBCfjpSEUAFQBvkSqmxcQVA2Y1xi8ClBUD+0DokitwFQEwehs9pFgZA
6moAe85TBkDD5Z++QJUGQDLiCY1r2wZANHpf8CgnB0BzBglWlXkHQIzO1vQt1AdANPIpBQM5CEAUfKq/D6sIQJZEb5TgLglA
q1dAAe7LCUBad5R43I8KQLH9eDgfmAtAM60JgrQ7DUA=
`);
const WIDTHS = EDGES.map((edge) => edge / BITS);
const HEIGHTS = EDGES.map((edge, n) => (n ? Math.exp(-0.5 * edge * edge) : 1));
/** Below these, of 52 bits, a point of the layer lies under the curve whatever its height. */
const SURE = EDGES.map((edge, n) => (n === 1 ? 0 : ((n ? EDGES[n - 1] : TAIL) / edge) * BITS));

/** @param {string} base64 */
function readEdges(base64) {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  return new Float64Array(bytes.buffer);
}

/** The next number: `generator.standard_normal()`. @param {Generator} generator */
export function standardNormal(generator) {
  for (;;) {
    generator.draw();
    const { high, low } = generator;
    const layer = low & 0xff;
    const sign = low & 0x100 ? -1 : 1;
    const bits = (high & 0x1fffffff) * 2 ** 23 + (low >>> 9);
    const x = bits * WIDTHS[layer];
    if (bits < SURE[layer]) return sign * x;
    if (layer === 0) return (low & 0x20000 ? -1 : 1) * tail(generator);
    const [above, below] = [HEIGHTS[layer - 1], HEIGHTS[layer]];
    if ((above - below) * generator.random() + below < Math.exp(-0.5 * x * x)) return sign * x;
  }
}

/** A number of the tail. @param {Generator} generator */
function tail(generator) {
  for (;;) {
    const x = -TAIL_INVERSE * Math.log1p(-generator.random());
    const y = -Math.log1p(-generator.random());
    if (y + y > x * x) return TAIL + x;
  }
}

/** Some numbers: `generator.normal(size=count)`. @param {Generator} generator @param {number} count */
export const standardNormals = (generator, count) =>
  Float64Array.from({ length: count }, () => standardNormal(generator));
