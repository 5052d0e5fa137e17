"""Cyclic voltammetry of pristine LLTO@CNT, LLTO and CNT in 2D: where lithium goes into the host and comes out again."""

from phasefield import snapshots
from phasefield.plotting.style import save
from phasefield.plotting.voltammogram import peaks, voltammogram
from phasefield.units import hour, mA_per_cm2
from validation import results
from validation.runs import run_all

HOSTS = {"llto_cnt": "LLTO@CNT", "llto": "LLTO", "cnt": "CNT"}
DENSITY = 4.83e6  # g/m3 of LLTO, as in configs/material/llto.yaml
MILLIAMPERE_HOUR = 3.6  # C


def study() -> None:
    cases = {host: [f"host={host}", "grid=quick", "protocol=cyclic_voltammetry"] for host in HOSTS}
    runs = {host: snapshots.load(folder) for host, folder in run_all(cases, "voltammetry").items()}
    rows = []
    for host, run in runs.items():
        found = peaks(run.history)
        down, up = ("; ".join(f"{v:.2f}" for v, i in found if (i > 0) == rising) for rising in (False, True))
        charge = run.history["charge"]
        taken, left, mass = charge.max(), charge[-1], mass_of_llto(run)
        per_gram = taken / MILLIAMPERE_HOUR / mass if mass else None
        back = (taken - left) / taken if mass else None
        largest = abs(run.history["current_density"]).max() / mA_per_cm2
        rows.append([HOSTS[host], down, up, largest, taken / (hour * mA_per_cm2), per_gram, back,
                     run.history["ledger_error"].max(), len(charge)])  # fmt: skip
    header = ("host", "reduction_peaks_V", "oxidation_peaks_V", "largest_current_mA_cm2", "taken_up_mAh_cm2",
              "taken_up_mAh_g", "given_back_share", "ledger_error", "steps")  # fmt: skip
    results.write_table("voltammetry", header, rows)
    path, *_ = save(voltammogram(list(runs.values()), list(HOSTS.values())), results.FIGURES / "voltammetry.png")
    results.shrink(path)


def mass_of_llto(run) -> float:
    """[g/m2]."""
    fraction = run.static.get("fraction_llto")
    return 0.0 if fraction is None else float(fraction.mean(axis=1).sum()) * run.spacing * DENSITY


if __name__ == "__main__":
    study()
