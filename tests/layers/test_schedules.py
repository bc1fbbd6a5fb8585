"""Rates that change from step to step, and losses that are scaled. Keras's numbers: tests/peers."""

import json

import numpy as np
import pytest

from embedlab import models, optimizers
from embedlab.core.coalesce import coalesce
from embedlab.layers import Dense, Embedding, GlobalAveragePooling1D, Variable
from embedlab.models import Sequential
from embedlab.optimizers import SGD, Adam, LossScaleOptimizer, schedules

EVERY = [
    schedules.ExponentialDecay(0.5, 4, 0.3, staircase=True), schedules.InverseTimeDecay(0.5, 4, 2),
    schedules.PiecewiseConstantDecay([1, 3], [0.5, 0.2, 0.1]),
    schedules.PolynomialDecay(0.5, 4, 0.1, power=2.0, cycle=True),
    schedules.CosineDecay(0.1, 6, 0.2, warmup_target=0.5, warmup_steps=3),
    schedules.CosineDecayRestarts(0.5, 3, 1.5, 0.7, 0.1),
]  # fmt: skip


@pytest.mark.parametrize("schedule", EVERY, ids=lambda s: type(s).__name__)
def test_round_trip(schedule):
    told = json.loads(json.dumps(schedules.serialize(schedule)))
    again = schedules.deserialize(told)
    assert type(again) is type(schedule) and again.get_config() == schedule.get_config()
    rule = optimizers.deserialize(json.loads(json.dumps(optimizers.serialize(Adam(schedule)))))
    assert [rule.schedule(n) for n in range(30)] == [schedule(n) for n in range(30)]


def test_each_step_takes_its_rate():
    schedule = schedules.PiecewiseConstantDecay([1], [1.0, 0.25])
    rule, table = SGD(schedule), Variable([0.0])
    seen = []
    for _ in range(4):
        before = table.value[0]
        rule.apply([np.array([-1.0])], [table])
        seen.append(float(table.value[0] - before))
    assert seen == [1.0, 1.0, 0.25, 0.25] and rule.learning_rate == 0.25


def test_decay_goes_by_the_rate_of_the_step():
    rule = SGD(schedules.PiecewiseConstantDecay([0], [0.5, 0.25]), weight_decay=0.5)
    table = Variable([1.0])
    for want in (0.75, 0.75 * 0.875):
        rule.apply([np.zeros(1)], [table])
        assert table.value[0] == want


def test_the_rate_of_a_schedule_is_not_settable():
    rule = SGD(EVERY[0])
    with pytest.raises(TypeError, match="not settable"):
        rule.learning_rate = 0.1
    rule.learning_rate = EVERY[1]
    assert rule.schedule is EVERY[1]


def test_a_schedule_of_ones_own_comes_back(tmp_path):
    class Slower(schedules.LearningRateSchedule):
        options = ("start",)

        def __init__(self, start):
            self.start = start

        def __call__(self, step):
            return self.start / (step + 1)

    model = trained(LossScaleOptimizer(SGD(Slower(0.5))))
    model.save(tmp_path / "m.keras")
    again = models.load_model(tmp_path / "m.keras", custom_objects={"Slower": Slower})
    assert again.optimizer.learning_rate == model.optimizer.learning_rate == 0.125


def trained(optimizer, epochs=3):
    words = Embedding(6, 4, seed=1, input_length=3)
    model = Sequential([words, GlobalAveragePooling1D(), Dense(1, kernel_initializer="ones")])
    model.compile(optimizer, "mse")
    ids = np.arange(12).reshape(4, 3) % 6
    model.fit(ids, ids.sum(1, keepdims=True), epochs=epochs, verbose=0, shuffle=False)
    return model


@pytest.mark.parametrize(
    "make",
    [
        lambda: Adam(EVERY[4]),
        lambda: LossScaleOptimizer(Adam(0.1), 64.0, 2),
        lambda: LossScaleOptimizer(SGD(EVERY[0], momentum=0.5), 8.0),
        lambda: SGD(0.1, loss_scale_factor=32.0),
    ],
)
def test_a_file_goes_on_where_it_stopped(make, tmp_path):
    model = trained(make())
    model.save(tmp_path / "m.keras")
    again = models.load_model(tmp_path / "m.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.optimizer.iterations == 3
    assert again.optimizer.loss_scale == model.optimizer.loss_scale
    for one in (model, again):
        ids = np.array([[1, 2, 3]])
        one.train_on_batch(ids, np.ones((1, 1)))
    assert all(map(np.array_equal, model.get_weights(), again.get_weights()))


@pytest.mark.parametrize("scale", [2.0**15, 1.0, 0.25])
def test_a_power_of_two_changes_no_bit(scale):
    plain = trained(Adam(0.1)).get_weights()
    for optimizer in (LossScaleOptimizer(Adam(0.1), scale), Adam(0.1, loss_scale_factor=scale)):
        assert all(map(np.array_equal, plain, trained(optimizer).get_weights()))


def test_the_scale_grows_and_falls():
    rule = LossScaleOptimizer(SGD(1.0), 4.0, dynamic_growth_steps=2)
    table = Variable(np.zeros((3, 2)))
    ones = coalesce([0, 2], np.ones((2, 2)), 3)
    rule.apply([ones], [table])
    assert table.value[:, 0].tolist() == [-0.25, 0.0, -0.25]
    rule.apply([ones], [table])
    assert (rule.loss_scale, rule.step_counter, rule.iterations) == (8.0, 0, 2)
    before = table.numpy()
    rule.apply([coalesce([1], np.full((1, 2), np.nan), 3)], [table])
    assert np.array_equal(table.value, before)
    assert (rule.loss_scale, rule.step_counter, rule.iterations) == (4.0, 0, 2)


def test_it_speaks_for_the_inner_one():
    rule = LossScaleOptimizer(Adam(0.1, loss_scale_factor=8.0))
    assert rule.inner_optimizer.loss_scale_factor is None
    rule.learning_rate = 0.5
    rule.iterations = 7
    assert (rule.inner_optimizer.learning_rate, rule.inner_optimizer.iterations) == (0.5, 7)
    assert rule.slots == ("momentum", "velocity") and "loss_scale=32768" in repr(rule)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), ValueError, "decay_steps"),
        (lambda: schedules.ExponentialDecay("x", 1, 0.5), ValueError, "initial_learning_rate"),
        (lambda: schedules.PiecewiseConstantDecay([1], [0.1]), ValueError, "boundaries"),
        (lambda: schedules.PiecewiseConstantDecay([3, 1], [1, 2, 3]), ValueError, "must grow"),
        (lambda: schedules.CosineDecayRestarts(0.1, 5, 0.5), ValueError, "t_mul"),
        (lambda: schedules.LearningRateSchedule()(0), NotImplementedError, "must override"),
        (lambda: schedules.deserialize({"class_name": "Zz", "config": {}}), ValueError, "schedule"),
        (lambda: LossScaleOptimizer("adam"), ValueError, "inner_optimizer"),
        (lambda: LossScaleOptimizer(SGD(), 0.0), ValueError, "initial_scale"),
        (lambda: LossScaleOptimizer(SGD(), 8.0, 0), ValueError, "dynamic_growth_steps"),
        (lambda: SGD(lambda: 0.1), ValueError, "learning_rate"),
    ],
)
def test_the_door_refuses(act, error, words):
    with pytest.raises(error, match=words):
        act()
