"""The checkers of lesson 08: right is right, each wrong has its name, and nothing hurts them."""

import numpy as np
import pytest

from embedlab.core.quantize import pack_int4, unpack_int4
from embedlab.core.quantize.int4 import pack_int4_reference
from embedlab.explorers.quantize import QuantizationExplorer
from embedlab.lessons import check, show
from embedlab.lessons.exercises.quantize import ENOUGH


def pack(codes):
    even = np.zeros((*codes.shape[:-1], codes.shape[-1] + codes.shape[-1] % 2), np.uint8)
    even[..., : codes.shape[-1]] = codes.view(np.uint8) & 15
    return even[..., 0::2] | even[..., 1::2] << 4


def unpack(packed, width):
    halves = np.stack([packed & 15, (packed.view(np.uint8) >> 4).view(np.int8)], axis=-1)
    flat = halves.reshape(*packed.shape[:-1], -1)[..., :width]
    return np.where(flat > 7, flat - 16, flat)


def slow_pack(codes):
    flat = codes.reshape(-1, codes.shape[-1])
    out = np.zeros((len(flat), (codes.shape[-1] + 1) // 2), np.uint8)
    for row in range(len(flat)):
        for column in range(codes.shape[-1]):
            half = int(flat[row, column]) % 16
            out[row, column // 2] += half * (16 if column % 2 else 1)
    return out.reshape(*codes.shape[:-1], out.shape[-1])


@pytest.mark.parametrize("right", [pack, slow_pack, pack_int4], ids=lambda f: f.__name__)
def test_right_ways_to_pack_pass(right):
    verdict = check("08.pack", right)
    assert verdict and "11 of 11" in repr(verdict), verdict


def test_right_ways_to_unpack_pass():
    for right in (unpack, lambda packed, D: unpack_int4(packed, int(D))):
        verdict = check("08.unpack", right)
        assert verdict and "11 of 11" in repr(verdict), verdict


def swapped(codes):
    packed = pack(codes)
    return packed >> 4 | packed << 4


def pairs_of_halves(codes):
    even = np.pad(codes & 15, [(0, 0)] * (codes.ndim - 1) + [(0, codes.shape[-1] % 2)])
    first, second = np.split(even, 2, axis=-1)
    return first | second << 4


def smeared(codes):
    even = np.concatenate([codes, np.zeros((*codes.shape[:-1], codes.shape[-1] % 2), np.int8)], -1)
    return even[..., 0::2] | even[..., 1::2] << 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (swapped, "the first code of a pair belongs into the low half"),
        (pairs_of_halves, "A pair is two neighbors: codes 0 and 1"),
        (smeared, "Keep its lowest four bits: `& 15`"),
        (
            lambda codes: pack(codes[..., : codes.shape[-1] // 2 * 2]),
            "With an odd D the last code is lost",
        ),
        (
            lambda codes: (codes[..., 0::2] & 15) | codes[..., 1::2] << 4,
            "the high half of the last byte stays 0",
        ),
        (lambda codes: pack(codes).astype(float), "Bytes have the dtype int8 or uint8"),
        (lambda codes: pack(codes).astype(np.int16), "Bytes have the dtype int8 or uint8"),
        (lambda codes: pack(codes) ^ 1, "These are not the bytes"),
        (lambda codes: pack(codes).tolist(), "returned list."),
        (lambda codes: pack(codes)[..., None], "(D + 1) // 2 bytes"),
        (lambda: 0, "Your function raised TypeError"),
        (7, "without parentheses"),
    ],
)
def test_a_wrong_way_to_pack_has_its_name(wrong, message):
    verdict = check("08.pack", wrong)
    assert not verdict and message in " ".join(repr(verdict).split()), verdict
    assert verdict.misconception is None


def test_a_byte_for_each_code_saves_nothing():
    verdict = check("08.pack", lambda codes: codes // 2)
    assert verdict.misconception is None and "a byte for each code" in verdict.message


def test_codes_without_a_sign():
    def unsigned(packed, D):
        return unpack(packed, D) & 15

    verdict = check("08.unpack", unsigned)
    assert verdict.misconception is None and "the highest of them counts -8" in verdict.message
    assert verdict.case["packed"] == "int8 (1,)  [15]"  # the first code below 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda packed, D: unpack(packed, D + D % 2), "one code too many"),
        (
            lambda packed, D: unpack(
                (packed.view(np.uint8) >> 4 | packed.view(np.uint8) << 4).view(np.int8), D
            ),
            "the low half is the first one",
        ),
        (lambda packed, D: unpack(packed, D) / 1, "Codes are integers"),
        (lambda packed, D: unpack(packed, D) + 1, "These are not the codes"),
        (lambda packed, D: unpack(packed, D).T, "use the last axis, `[..., d]`"),
        (lambda packed, D: unpack(packed, D)[..., :-1], "A row has D codes"),
        (lambda packed, D: packed[9], "Your function raised IndexError: index 9 is out of bounds"),
    ],
)
def test_a_wrong_way_to_unpack_has_its_name(wrong, message):
    verdict = check("08.unpack", wrong)
    assert not verdict and message in " ".join(repr(verdict).split()), verdict


def endless(codes):
    while True:
        pass


def spoils(codes):
    codes[:] = 0
    return pack(codes)


@pytest.mark.parametrize("hostile", [endless, spoils, lambda c: exit(), lambda c: object()])
def test_a_hostile_function_gets_a_sentence(hostile):
    verdict = check("08.pack", hostile)
    assert not verdict and max(map(len, repr(verdict).split("\n"))) < 140


@pytest.mark.parametrize("name", ["08.pack", "08.unpack"])
def test_an_untouched_stub_is_not_yet(name):
    verdict = check(name, lambda *_: ...)
    assert not verdict and not verdict.attempted


def test_the_core_s_reference_is_right_for_a_matrix_too():
    codes = np.arange(-8, 7, dtype=np.int8).reshape(3, 5)
    np.testing.assert_array_equal(pack(codes).view(np.int8), pack_int4_reference(codes))


# --- the exercise in the view -------------------------------------------------------------------


def test_only_largest_sufficient_group_size_is_right():
    explorer = QuantizationExplorer(scheme="groups")
    verdicts = {}
    for block in range(1, 9):
        explorer.block = block
        verdicts[block] = check("08.groups", explorer)
    right = [block for block, verdict in verdicts.items() if verdict]
    assert right == [4]
    for block, verdict in verdicts.items():
        error = QuantizationExplorer(scheme="groups", block=block).trace.schemes["groups"]
        within = error.largest_error[8] <= ENOUGH
        assert within == (block <= 4)
        if not verdict:
            assert verdict.attempted is not within and "4" not in verdict.message.split(":")[0]
    assert verdicts[5].show().trace.row == 9  # M14: groups shield what they do not hold


def test_a_state_serves_and_other_ways_are_not_yet():
    explorer = QuantizationExplorer()
    verdict = check("08.groups", explorer.state)
    assert not verdict and not verdict.attempted and "king (row 8)" in verdict.message
    assert check("08.groups", QuantizationExplorer(scheme="groups").state)
    assert "needs the view" in check("08.groups", 4).message


# --- the beliefs --------------------------------------------------------------------------------


def test_m11_steps_are_18_times_as_wide_and_errors_are_not_alike():
    trace = show("M11").trace
    four, eight = trace.schemes["int4"], trace.schemes["int8"]
    np.testing.assert_allclose(four.steps, eight.steps * 127 / 7, rtol=1e-5)
    assert (four.largest_error > 6 * eight.largest_error).all()
    assert trace.row == 8 and four.largest_error[8] > 2.5 * np.median(four.largest_error)


def test_m14_no_other_row_hears_of_an_outlier():
    explorer = show("M14")
    after = explorer.trace
    explorer.edits = []
    before = explorer.trace
    for name in ("int4", "int8", "groups"):
        changed = (after.schemes[name].codes != before.schemes[name].codes).any(axis=1)
        assert np.flatnonzero(changed).tolist() == [9]
    assert after.schemes["int4"].largest_error[9] > 8 * before.schemes["int4"].largest_error[9]
