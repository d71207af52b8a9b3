"""Strengths as people write them."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiseaug import Level
from noiseaug.settings.level import check_clip, check_mean, parse_clip, parse_fraction


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        (".1", 0.1),
        ("1e-3", 0.001),
        ("0", 0.0),
        ("1", 1.0),
        ("10%", 0.1),
        ("0.5%", 0.005),
        ("100%", 1.0),
        ("25/255", 25 / 255),
        ("257/65535", 257 / 65535),
        (" 25 / 255 ", 25 / 255),
        ("10 %", 0.1),
    ],
)
def test_a_strength_is_a_decimal_a_percentage_or_a_quotient(text, value):
    level = Level.parse(text)
    assert (level.low, level.high) == (value, value)
    assert not level.is_range


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("0.1:0.2", 0.1, 0.2),
        ("5/255:50/255", 5 / 255, 50 / 255),
        ("1%:10%", 0.01, 0.1),
        ("0:25/255", 0, 25 / 255),
        (" 0.1 : 0.2 ", 0.1, 0.2),
    ],
)
def test_a_range_is_two_strengths_with_a_colon_between(text, low, high):
    level = Level.parse(text)
    assert (level.low, level.high) == (low, high)
    assert level.is_range


def test_a_range_of_one_value_is_that_value():
    assert Level.parse("0.1:10%") == Level.parse("0.1")
    assert not Level.parse("0.1:10%").is_range


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "'' is not a number such as 0.1, 10% or 25/255"),
        ("  ", "is not a number such as"),
        ("loud", "'loud' is not a number such as"),
        ("%", "'%' is not a number such as"),
        ("/255", "'/255' is not a number such as"),
        ("25/", "'25/' is not a number such as"),
        ("25/0", "'25/0' is not a number such as"),
        ("1/2/3", "'1/2/3' is not a number such as"),
        ("1/10%", "'1/10%' is not a number such as"),
        ("0.1:", "is not a number such as"),
        (":0.1", "is not a number such as"),
        ("0.1:0.2:0.3", "is not a number such as"),
        ("0,1", "'0,1' is not a number such as"),
        ("nan", "'nan' is not finite"),
        ("inf", "'inf' is not finite"),
        ("1e999", "'1e999' is not finite"),
        ("0.1:inf", "'inf' is not finite"),
        ("-0.1", "-0.1 is not a standard deviation: it must be 0 or more"),
        ("-5%", "-0.05 is not a standard deviation"),
        ("-0.2:0.1", "-0.2 is not a standard deviation"),
        ("0.2:0.1", "the range 0.2:0.1 is reversed; write 0.1:0.2"),
        ("25", "25 is above full scale; did you mean 25/255?"),
        ("0.1:25", "25 is above full scale; did you mean 25/255?"),
        ("1.5", "1.5 is above full scale"),
        ("257", "257 is above full scale; did you mean 257/65535?"),
    ],
)
def test_what_is_no_strength_is_refused_with_what_was_expected(text, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        Level.parse(text)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, -math.inf, 25])
def test_a_number_is_checked_as_a_text_is(value):
    with pytest.raises(ValueError, match=f"^{value:g} is "):
        Level.of(value)


def test_a_level_is_made_from_a_level_a_number_or_a_text():
    level = Level(0.1, 0.2)
    assert Level.of(level) is level
    assert Level.of(0.1) == Level.of("10%") == Level(0.1, 0.1)
    assert Level.of(0) == Level(0.0, 0.0)
    assert Level.of("0.1:0.2") == level


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("25/255", "std0.098"),
        ("0.1", "std0.1"),
        ("10%", "std0.1"),
        ("0", "std0"),
        ("1", "std1"),
        ("1e-5", "std1e-05"),
        ("5/255:50/255", "std0.0196-0.196"),
        ("0:0.1", "std0-0.1"),
    ],
)
def test_a_label_names_the_level_to_three_digits(text, label):
    assert Level.parse(text).label == label


def test_a_ratio_is_in_decibels_of_either_sign_and_has_no_full_scale():
    level = Level.parse("-5:30", "snr")
    assert (level.low, level.high, level.unit, level.label) == (-5, 30, "snr", "snr-5-30")
    assert level.at(0.5) == 12.5
    assert Level.parse("10", "snr").label == "snr10"
    assert Level.parse("0.1", "snr") != Level.parse("0.1")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("30:-5", "the range 30:-5 is reversed; write -5:30"),
        ("301", "301 dB is not a ratio that samples can have: at most 300 either way"),
        ("-301", "-301 dB is not a ratio"),
        ("inf", "'inf' is not finite"),
        ("10dB", "'10dB' is not a ratio in dB, such as 10, -5 or 10:30"),
        ("10%", "'10%' is not a ratio in dB, such as 10, -5 or 10:30; for a fraction of full scale use --std"),
        ("25/255", "'25/255' is not a ratio in dB"),
        ("5:10%", "'10%' is not a ratio in dB"),
    ],
)
def test_what_is_no_ratio_is_refused(text, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        Level.parse(text, "snr")


fractions = st.floats(0, 1)


@given(fractions, fractions, fractions)
def test_positions_run_through_the_range_from_its_low_end_to_its_high(one, other, position):
    level = Level(min(one, other), max(one, other))
    assert level.at(0) == level.low
    assert level.at(1) == pytest.approx(level.high, abs=1e-15)
    assert level.low <= level.at(position) <= level.high * (1 + 1e-15)
    assert Level(one, one).at(position) == one


@given(fractions)
def test_a_number_survives_being_written_and_read(value):
    assert Level.parse(repr(value)) == Level.of(value)


def test_levels_are_values():
    assert len({Level.parse("0.1"), Level.parse("10%"), Level.parse("0.1:0.2")}) == 2
    with pytest.raises(AttributeError):
        Level(0.1, 0.2).low = 0  # type: ignore[misc] # refused, which is the point


def test_a_fraction_alone_may_be_negative_or_above_one():
    assert [parse_fraction(text) for text in ("-0.5", "-10%", "300/255")] == [-0.5, -0.1, 300 / 255]


@pytest.mark.parametrize(
    ("text", "clip"), [("auto", "auto"), ("none", "none"), ("0:1", (0.0, 1.0)), ("-10%:250/255", (-0.1, 250 / 255))]
)
def test_clipping_is_a_word_or_two_limits(text, clip):
    assert parse_clip(text) == clip


@pytest.mark.parametrize("text", ["", "never", "0.5", "1:0", "1:1", "0:inf", "0:nan", "0:1:2", ":1", "AUTO"])
def test_other_ways_to_clip_are_refused(text):
    with pytest.raises(ValueError, match=" is not "):
        parse_clip(text)


@pytest.mark.parametrize("clip", [(1.0, 0.0), (0.0, 0.0), (math.nan, 1.0), (0.0, math.inf), "never"])
def test_limits_must_be_finite_and_in_order(clip):
    with pytest.raises(ValueError, match="is not a"):
        check_clip(clip)


@pytest.mark.parametrize("mean", [1.01, -1.01, math.nan, math.inf])
def test_a_mean_is_a_fraction_of_full_scale(mean):
    assert check_mean(-1.0) == -1.0
    with pytest.raises(ValueError, match=f"^{mean:g} is not a mean: it must be a fraction of full scale, -1 to 1"):
        check_mean(mean)
