"""What hangs on whether lithium on LLTO lets ions through: from which thickness on it is a closed film.

LLTO conducts ions beside the electrolyte as long as they get to it. Lithium conducts none, so they do while it stands
in islands on the walls, and no longer once it is a closed film, at `nucleation.closed_film_um`. How thick it then is
nobody has measured in such a host. From a film from the start to one that never closes, on hosts 16 um wide.
"""

from validation.experiment import CAPACITIES
from validation.results import markdown, read_table, write_table
from validation.runs import measured, run_all

BASE = ["grid.width_um=16"]
CLOSED = ("0", "0.25", "0.5", "1", "2", "100")  # um
EXCHANGE = ("1", "10")  # A/m2
HOSTS = {"llto_cnt": "LLTO@CNT", "llto": "LLTO"}
MEASURES = ("top_bottom_index", "fraction_above_host", "pore_filling", "potential_mV", "steps")


def name(host: str, i0: str, closed: str) -> str:
    return f"{host}_i0_{i0}_closed_{closed}"


def study() -> None:
    cases = {
        name(host, i0, closed): [
            f"host={host}",
            *BASE,
            f"lithium.exchange_current_density_A_m2={i0}",
            f"nucleation.closed_film_um={closed}",
        ]
        for host in HOSTS
        for i0 in EXCHANGE
        for closed in CLOSED
    }
    folders = run_all(cases, "islands")
    rows = []
    for host, label in HOSTS.items():
        for i0 in EXCHANGE:
            for closed in CLOSED:
                for capacity in CAPACITIES:
                    found = measured(folders[name(host, i0, closed)], capacity)
                    if found is not None:
                        rows.append([label, i0, closed, capacity, *(found[m] for m in MEASURES)])
    header = ["substrate", "exchange_current_density_A_m2", "closed_film_um", "capacity_mAh_cm2", *MEASURES]
    write_table("islands", header, rows)


def islands_table() -> str:
    """For the page: one row a host, an i0 and a thickness."""
    found = {
        (
            row["substrate"],
            row["exchange_current_density_A_m2"],
            row["closed_film_um"],
            float(row["capacity_mAh_cm2"]),
        ): row
        for row in read_table("islands")
    }
    out = []
    for host, i0, closed in dict.fromkeys(key[:3] for key in found):
        rows = [found.get((host, i0, closed, capacity)) for capacity in CAPACITIES]
        index = ["–" if row is None else f"{float(row['top_bottom_index']):+.3f}" for row in rows]
        last = rows[-1]
        end = (
            ["–"] * 3
            if last is None
            else [
                f"{float(last['fraction_above_host']):.0%}",
                f"{float(last['pore_filling']):.0%}",
                f"{float(last['potential_mV']):.0f}",
            ]
        )
        out.append([host, i0, closed, *index, *end])
    header = ["host", "i0 (A/m²)", "closed from (µm)", *(f"index at {capacity:g}" for capacity in CAPACITIES)]
    end = [f"{text} at {CAPACITIES[-1]:g}" for text in ("above the host", "pores filled", "potential (mV)")]
    return markdown([*header, *end], out)


if __name__ == "__main__":
    study()
