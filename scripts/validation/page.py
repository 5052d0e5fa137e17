"""The tables of docs/validation.md and README.md, from the files of docs/results that the other studies write."""

import numpy as np

from validation.cells import cells_table, closing_table, widths_table
from validation.contact import contact_table, film_table
from validation.experiment import CAPACITIES, EXCHANGE, SUBSTRATES
from validation.front_page import exchange, substrates
from validation.grown_nuclei import grown_nuclei_table
from validation.islands import islands_table
from validation.necks import necks_table
from validation.nucleation_steps import nucleation_steps_table
from validation.packings import packings_table
from validation.results import PAGE, README, TABLES, insert, markdown, number, read_table, with_spread


def study() -> None:
    for page, parts in ((PAGE, PARTS), (README, README_PARTS)):
        for name, (source, table) in parts.items():
            if (TABLES / f"{source}.csv").exists():
                insert(name, table(), page)
            else:
                print(f"no {source}.csv: the table '{name}' stays as it is")


def numerics() -> str:
    """One row a variation, both hosts side by side."""
    rows = {(r["host"], r["variation"], float(r["capacity_mAh_cm2"])): r for r in read_table("numerics")}
    hosts = list(dict.fromkeys(key[0] for key in rows))
    header = ["varied"]
    for host in hosts:
        header += [f"{host}: index at 1", "at 4", "above the host at 4", "potential at 1 (mV)", "at 4"]
    out = []
    for variation in dict.fromkeys(key[1] for key in rows):
        line = [variation]
        for host in hosts:
            one, four = rows.get((host, variation, 1.0)), rows.get((host, variation, 4.0))
            for row, key, digits in (
                (one, "top_bottom_index", "+.3f"),
                (four, "top_bottom_index", "+.3f"),
                (four, "fraction_above_host", ".1%"),
                (one, "potential_mV", ".1f"),
                (four, "potential_mV", ".1f"),
            ):
                line.append("–" if row is None else number(row[key], digits))
        out.append(line)
    return markdown(header, out)


def spikes() -> str:
    """Rows: surfaces; columns: cells; each the range over the limits of the time step."""
    rows = read_table("nucleation_spike")
    cells = list(dict.fromkeys(r["cell_um"] for r in rows))
    out = []
    for surface in dict.fromkeys(r["surface"] for r in rows):
        own = [r for r in rows if r["surface"] == surface]
        line = [f"{surface}, {own[0]['eta_nuc_mV']} mV"]
        for cell in cells:
            values = [float(r["spike_mV"]) for r in own if r["cell_um"] == cell]
            line.append(f"{min(values):.1f}–{max(values):.1f}")
        out.append(line)
    return markdown(["surface", *(f"{cell} µm" for cell in cells)], out)


def density() -> str:
    rows = read_table("nucleation_density")
    out = []
    keys = dict.fromkeys((r["exchange_current_density_A_m2"], r["current_density_mA_cm2"]) for r in rows)
    for i0, current in keys:
        own = [r for r in rows if (r["exchange_current_density_A_m2"], r["current_density_mA_cm2"]) == (i0, current)]
        means = [np.mean([float(r[key]) for r in own]) for key in ("overpotential_mV", "nuclei_per_um2", "size_um")]
        out.append([i0, current, f"{means[0]:.0f}", f"{means[1]:.3g}", f"{means[2]:.2f}"])
    return markdown(["i0 (A/m²)", "current (mA/cm²)", "spike (mV)", "nuclei (1/µm²)", "size at 0.01 mAh/cm² (µm)"], out)


def in_hosts() -> str:
    rows = read_table("nucleation_hosts")
    out = [
        [
            r["host"].upper(),
            r["current_density_mA_cm2"],
            number(r["overpotential_mV"], ".0f"),
            r["nuclei"],
            number(r["active_share_of_the_surface"], ".1%"),
            number(r["height_um"], ".0f"),
        ]
        for r in rows
    ]
    header = ["host", "current (mA/cm²)", "spike (mV)", "nuclei", "of the surface active", "mean height (µm)"]
    return markdown(header, out)


def claims() -> str:
    rows = read_table("experiment_claims")
    return markdown(list(rows[0]), [list(row.values()) for row in rows])


def experiment() -> str:
    """Mean ± standard deviation over the packings."""
    rows = {
        (r["substrate"], r["exchange_current_density_A_m2"], float(r["capacity_mAh_cm2"])): r
        for r in read_table("experiment")
    }
    columns = {
        "top_bottom_index": ("index", "+.2f"),
        "fraction_lower_third": ("lower third", ".0%"),
        "fraction_upper_third": ("upper third", ".0%"),
        "fraction_above_host": ("above the host", ".0%"),
        "pore_filling": ("pores filled", ".0%"),
        "roughness_um": ("roughness (µm)", ".2f"),
        "nucleation_overpotential_mV": ("spike (mV)", ".0f"),
    }
    out = []
    for substrate in SUBSTRATES.values():
        for i0 in EXCHANGE:
            for capacity in CAPACITIES:
                row = rows.get((substrate, i0, capacity))
                if row is None:
                    continue
                line = [substrate, i0, f"{capacity:g}"]
                line += [with_spread(row, key, digits) for key, (_, digits) in columns.items()]
                out.append(line)
    return markdown(["substrate", "i0 (A/m²)", "mAh/cm²", *(label for label, _ in columns.values())], out)


def sensitivity() -> str:
    """The strongest at 4 mAh/cm2."""
    rows = [r for r in read_table("sensitivity") if float(r["capacity_mAh_cm2"]) == 4.0]
    out = []
    for host in dict.fromkeys(r["host"] for r in rows):
        own = [r for r in rows if r["host"] == host]
        strongest = sorted(own[1:], key=lambda r: -float(r["effect"]))[:7]
        for row in [*strongest, own[0]]:
            ends = [number(row[key], "+.2f") for key in ("index_at_low", "index_at_high")]
            out.append([host, row["parameter"], *ends, number(row["effect"], ".2f")])
    return markdown(["host", "parameter", "index at the low end", "at the high end", "range"], out)


def taufactor() -> str:
    rows = read_table("taufactor")
    out = []
    for field in dict.fromkeys(r["field"] for r in rows):
        own = [r for r in rows if r["field"] == field]
        worst = max(abs(float(r["difference %"])) for r in own)
        ratio = [float(r["TauFactor over ours again"]) for r in own]
        values = [float(r["ours"]) for r in own]
        out.append(
            [field, f"{min(values):.3f}–{max(values):.3f}", f"{worst:.2g} %", f"{min(ratio):.2g}–{max(ratio):.2g}"]
        )
    return markdown(["field", "tortuosity factor", "largest difference", "time of TauFactor over ours"], out)


def voltammetry() -> str:
    out = []
    for row in read_table("voltammetry"):
        share = row["given_back_share"]
        out.append([
            row["host"], row["reduction_peaks_V"] or "–", row["oxidation_peaks_V"] or "–",
            number(row["largest_current_mA_cm2"], ".2g"), number(row["taken_up_mAh_g"], ".0f") if share else "–",
            number(share, ".0%"), number(row["ledger_error"], ".1e"),
        ])  # fmt: skip
    header = [
        "host",
        "reduction (V)",
        "oxidation (V)",
        "largest current (mA/cm²)",
        "taken up (mAh/g)",
        "given back",
        "ledger",
    ]
    return markdown(header, out)


def full_cell() -> str:
    out = [
        [r["cell"], r["cycles"], number(r["charged_mAh_cm2"], ".4f"), number(r["discharged_mAh_cm2"], ".4f"),
         f"{float(r['efficiency']):.3%}", number(r["ledger_error"], ".0e")]
        for r in read_table("full_cell")
    ]  # fmt: skip
    header = ["cell", "cycles", "last charge (mAh/cm²)", "last discharge (mAh/cm²)", "mean efficiency", "ledger"]
    return markdown(header, out)


def inventory() -> str:
    out = [list(row.values()) for row in read_table("full_cell_inventory")]
    return markdown(["paper", "excess (cathode capacities)", "mean efficiency"], out)


def conductivity() -> str:
    """One row a host and pores, before and after side by side."""
    rows = {(r["host"], r["pores"], r["state"]): r for r in read_table("conductivity")}
    out = []
    for host, pores in dict.fromkeys(key[:2] for key in rows):
        before, after = rows[host, pores, "pristine"], rows.get((host, pores, "lithiated"))
        line = [host, pores]
        for key in ("electronic_S_m", "ionic_S_m"):
            line += [number(before[key]), number(after[key]), f"{float(after[key]) / float(before[key]):.3g}"]
        out.append(line)
    header = ["host", "pores", "electronic, pristine (S/m)", "lithiated", "ratio", "ionic, pristine (S/m)", "lithiated"]
    return markdown([*header, "ratio"], out)


def charge_transfer() -> str:
    rows = [r for r in read_table("conductivity") if r["pores"] == "wet"]
    keys = ("electrode_charge_transfer_Ohm_cm2", "half_cell_charge_transfer_Ohm_cm2",
            "half_cell_charge_transfer_Ohm_on_disc")  # fmt: skip
    out = [[r["host"], r["state"], *(number(r[key]) for key in keys)] for r in rows]
    return markdown(["host", "state", "electrode (Ω cm²)", "half cell (Ω cm²)", "half cell on 1.131 cm² (Ω)"], out)


def cycling() -> str:
    """One row a case and host: efficiencies, and what each loss takes of what is plated after the first cycle."""
    rows = read_table("cycling")
    out = []
    for r in rows:
        shares = [100 * float(r[f"{part}_share"]) for part in ("sei", "dead", "connected", "inserted")]
        out.append([r["case"], r["host"], r["cycles"],
                    *(f"{100 * float(r[f'efficiency_{which}']):.2f}" for which in ("first", "mean_after", "last")),
                    *(f"{round(share, 3) + 0.0:.3f}" for share in shares),
                    number(r["closure_error"], ".0e")])  # fmt: skip
    header = ["case", "host", "cycles", "first (%)", "mean after (%)", "last (%)", "SEI (% of plated)", "dead",
              "connected", "host's", "not closed"]  # fmt: skip
    return markdown(header, out)


def dead_lithium() -> str:
    """By connectivity and by the potential, where there is enough to compare."""
    out = [
        [r["case"], r["host"], r["cycles"], number(r["dead_by_connectivity_mAh_cm2"]),
         number(r["dead_by_potential_mAh_cm2"]), r["dead_pieces"]]
        for r in read_table("cycling")
        if r["dead_by_potential_mAh_cm2"] and float(r["dead_by_potential_mAh_cm2"]) > 1e-3
    ]  # fmt: skip
    header = ["case", "host", "after cycle", "dead by connectivity (mAh/cm²)", "by the potential", "pieces"]
    return markdown(header, out)


PARTS = {
    "cycling": ("cycling", cycling),
    "dead lithium": ("cycling", dead_lithium),
    "full cell": ("full_cell", full_cell),
    "inventory": ("full_cell_inventory", inventory),
    "conductivity": ("conductivity", conductivity),
    "charge transfer": ("conductivity", charge_transfer),
    "voltammetry": ("voltammetry", voltammetry),
    "numerics": ("numerics", numerics),
    "necks": ("necks", necks_table),
    "grown nuclei": ("grown_nuclei", grown_nuclei_table),
    "widths": ("widths", widths_table),
    "cells": ("cells", cells_table),
    "packings": ("packings", packings_table),
    "islands": ("islands", islands_table),
    "closing": ("closing", closing_table),
    "contact": ("contact", contact_table),
    "film": ("film", film_table),
    "nucleation spikes": ("nucleation_spike", spikes),
    "nuclei": ("nucleation_density", density),
    "nuclei in hosts": ("nucleation_hosts", in_hosts),
    "nuclei over steps": ("nucleation_steps", nucleation_steps_table),
    "claims": ("experiment_claims", claims),
    "experiment": ("experiment", experiment),
    "sensitivity": ("sensitivity", sensitivity),
    "taufactor": ("taufactor", taufactor),
}
README_PARTS = {"substrates": ("experiment", substrates), "exchange": ("experiment", exchange)}
