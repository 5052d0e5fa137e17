"""Figures of cycling: the right cycles and numbers, dead lithium in its own colour, no overlapping text."""

import numpy as np
import pytest
from invented import write_cycled
from matplotlib.colors import to_rgb

from phasefield import cycles, snapshots
from phasefield.plotting import compare_runs, cycling, panels, plot_run, style
from phasefield.snapshots import SnapshotError
from phasefield.units import mAh_per_cm2


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of four cycles, the same of before its file marked dead lithium, and one of two."""
    folder = tmp_path_factory.mktemp("cycled")
    made = {"four": {}, "old": {"old": True}, "two": {"cycles": 2}}
    for name, options in made.items():
        (folder / name).mkdir()
        write_cycled(folder / name, **options)
    return {name: snapshots.load(folder / name) for name in made}


def test_dead_lithium_of_a_file_with_and_without_marks(runs):
    """By connectivity where the file says so, else by the potential; what it lost is what is dead."""
    for name in ("four", "old"):
        found = cycles.of_run(runs[name])
        assert [cycle.number for cycle in found] == [1, 2, 3, 4]
        assert sum(cycle.dead_change for cycle in found) == pytest.approx(found[-1].dead, rel=1e-6)
        assert found[-1].dead == pytest.approx(found[-1].lithium, rel=2e-3)
        assert max(cycle.closure_error for cycle in found) < 1e-9


@pytest.mark.parametrize(
    ("count", "numbers"),
    [(1, [1]), (3, [1, 2, 3]), (7, [1, 2, 5, 7]), (20, [1, 2, 5, 10, 20]), (300, [1, 5, 10, 50, 100, 300])],
)
def test_which_cycles_are_shown(count, numbers):
    assert cycling.chosen(range(1, count + 1)) == numbers


def test_cycles_that_are_asked_for(runs):
    found = cycles.of_run(runs["four"])
    assert [cycle.number for cycle in cycling.chosen(found, [4, 1, 1])] == [4, 1]
    with pytest.raises(SnapshotError, match="no cycle 9; the run has 1 to 4"):
        cycling.chosen(found, [1, 9])


def test_efficiency_and_losses_add_up_to_what_was_plated(runs):
    found = cycles.of_run(runs["four"])
    efficiency, lost = cycling.efficiency_figure(found).axes
    (line,) = [line for line in efficiency.lines if len(line.get_xdata()) == 4]
    tops = np.zeros(4)
    for bar in lost.patches:
        tops[round(bar.get_x() + bar.get_width() / 2) - 1] += bar.get_height()
    assert line.get_ydata() + tops == pytest.approx(100, abs=1e-6)
    assert [text.get_text() for text in lost.get_legend().get_texts()] == ["Dead lithium"]


def test_profiles_start_each_half_cycle_at_zero(runs):
    run = runs["four"]
    found = cycles.of_run(run)
    whole, near = cycling.profile_figure(run, found).axes
    lines = [line for line in whole.lines if len(line.get_xdata()) > 2]
    assert len(lines) == 8 and all(line.get_xdata()[0] < 0.03 for line in lines)
    assert [line.get_xdata()[-1] for line in lines[::2]] == pytest.approx([1] * 4)
    assert [line.get_xdata()[-1] for line in lines[1::2]] == pytest.approx([each.efficiency for each in found])
    assert near.get_ylim()[0] < -30 and 38 < near.get_ylim()[1] < 200  # the plateaus, not the 500 mV of the cut-off


def test_dead_lithium_has_its_own_colour(runs):
    run = runs["four"]
    index = len(run.times) - 1
    plain, marked = panels.picture(run, index), panels.picture(run, index, cycles.dead_cells(run, index, section=True))
    assert plain[20, 12] == pytest.approx(to_rgb(style.LITHIUM), abs=0.05)
    assert marked[20, 12] == pytest.approx(to_rgb(style.DEAD), abs=0.05)
    figure = cycling.stripped_figure(run, cycles.of_run(run))
    assert [axes.get_title().split("\n")[0] for axes in figure.axes] == [f"Cycle {n}" for n in (1, 2, 3, 4)]
    dead = cycles.of_run(run)[-1].dead / mAh_per_cm2
    assert figure.axes[-1].get_title().split("\n")[1] == f"{dead:.3f} mAh/cm² dead"


def test_no_text_overlaps(runs, overlapping_texts):
    found = cycles.of_run(runs["four"])
    drawn = [cycling.efficiency_figure(found), cycling.profile_figure(runs["four"], found),
             cycling.stripped_figure(runs["four"], found),
             cycling.compare_cycles(list(runs.values()), ["llto_cnt", "cu", "$name"])]  # fmt: skip
    assert [overlapping_texts(figure) for figure in drawn] == [[]] * 4


def test_they_are_drawn_with_the_others_and_only_where_there_are_cycles(runs, run_files, tmp_path):
    names = {path.name for path in plot_run(runs["two"].path, tmp_path, chosen=[2])}
    assert {"efficiency.png", "profiles.png", "stripped.png"} < names
    with pytest.raises(SnapshotError, match="no complete cycle"):
        plot_run(run_files["flat"], tmp_path, chosen=[1])


def test_a_comparison_shows_the_last_cycle_they_share(runs, run_files, tmp_path):
    figure = cycling.compare_cycles([runs["four"], runs["two"]], ["four", "two"])
    assert [axes.get_title().split("\n")[0] for axes in figure.axes[2:]] == ["four, cycle 2", "two, cycle 2"]
    folders = [runs["four"].path.parent, runs["two"].path.parent]
    written = compare_runs(folders, tmp_path / "both.png", capacities=(1,))
    assert [path.name for path in written] == ["both.png", "both_cycles.png"]
    plain = compare_runs([run_files["flat"].parent], tmp_path / "one.png", capacities=(1,))
    assert [path.name for path in plain] == ["one.png"]


def test_the_first_plating_stands_out(runs, run_files):
    """The rest of a run that goes to and fro is pale; one that only plates is drawn as before."""
    history = runs["four"].history
    assert history["charge"][panels.first_plating(history)][-1] == pytest.approx(mAh_per_cm2)
    flat = snapshots.load(run_files["flat"]).history
    assert panels.first_plating(flat) == slice(0, len(flat["charge"]))
    stripped = {"charge": np.array([0.0, -1, -2, -2, -1, 0, 0, -1])}
    assert panels.first_plating(stripped) == slice(0, 6)
    low, high = panels.potential_limits([runs["four"]], first=True)
    assert low < -30 and high < 40


def test_a_first_cycle_that_loses_far_more_does_not_hide_the_others(overlapping_texts):
    """A host that keeps what it takes up: its value is written where it leaves the axes."""

    def one(number, inserted):
        return cycles.Cycle(number, 0, 1, 2, 100.0, 99 - inserted, 0.0, inserted, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0,
                            None, None, True)  # fmt: skip

    figure = cycling.efficiency_figure([one(1, 40.0), one(2, 0.5), one(3, -0.2)])
    efficiency, lost = figure.axes
    assert efficiency.get_ylim()[0] > 97 and lost.get_ylim()[0] < -0.2 and 1.5 < lost.get_ylim()[1] < 5
    assert [text.get_text() for axes in figure.axes for text in axes.texts] == ["59.0 ↓", "41.0 ↑"]
    assert overlapping_texts(figure) == []
    even = cycling.efficiency_figure([one(1, 40.0), one(2, 30.0), one(3, 20.0)])
    assert even.axes[0].get_ylim()[0] < 60
