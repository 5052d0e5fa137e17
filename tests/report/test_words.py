"""Numbers as a reader wants them."""

import pytest

from phasefield.report import words


@pytest.mark.parametrize(
    "value, expected",
    [
        (0, "0"),
        (-13.55505, "−13.56"),
        (1.1e-8, "1.1·10⁻⁸"),
        (3.0e26, "3·10²⁶"),
        (1234567, "1\u202f234\u202f567"),
        (-12, "−12"),
        ([5, 8.5], "5, 8.5"),
        (None, "–"),
        (True, "True"),
        ("llto", "llto"),
    ],
)
def test_number(value, expected):
    assert words.number(value) == expected


@pytest.mark.parametrize(
    "name, value, expected",
    [
        ("fraction_lower_third", 0.3161, "31.6 %"),
        ("capacity_mAh_cm2", 4.0, "4 mAh/cm²"),
        ("roughness_um", 0.44898, "0.449 µm"),
        ("top_bottom_index", 0.0495, "+0.05"),
        ("top_bottom_index", -1.0, "−1.00"),
        ("ledger_error", 1.0710e-8, "1.1·10⁻⁸"),
        ("pore_filling", None, "–"),
        ("pore_filling", "full", "full"),
        ("fraction_above_host", [], ""),
        ("something_new", 3, "3"),
    ],
)
def test_measure(name, value, expected):
    assert str(words.measure(name, value)) == expected


def test_where():
    said = [words.where({"top_bottom_index": index}) for index in (-0.9, -0.2, 0.0, 0.3, 0.7, None, "x")]
    assert said == ["mostly at the collector", "rather at the collector", "evenly over the pores", "rather at the top",
                    "mostly at the top", "", ""]  # fmt: skip
