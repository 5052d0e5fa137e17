"""The tables of README.md."""

from validation.experiment import EXCHANGE
from validation.results import markdown, read_table, with_spread


def substrates() -> str:
    """For README: each substrate at 1 and 4 mAh/cm2 and the default i0."""
    rows = [r for r in read_table("experiment") if r["exchange_current_density_A_m2"] == "1"]
    columns = {
        "top_bottom_index": "+.2f",
        "fraction_lower_third": ".0%",
        "fraction_upper_third": ".0%",
        "fraction_above_host": ".0%",
        "pore_filling": ".0%",
        "nucleation_overpotential_mV": ".0f",
    }
    out = [
        [
            r["substrate"],
            r["seeds"],
            f"{float(r['capacity_mAh_cm2']):g}",
            *(with_spread(r, *each) for each in columns.items()),
        ]
        for r in rows
        if float(r["capacity_mAh_cm2"]) != 2
    ]
    header = ["substrate", "packings", "mAh/cm²", "top/bottom index", "lower third", "upper third", "above the host"]
    return markdown([*header, "pores filled", "nucleation overpotential (mV)"], out)


def exchange() -> str:
    """For README: what the exchange current density decides, at 4 mAh/cm2."""
    rows = {
        (r["substrate"], r["exchange_current_density_A_m2"]): r
        for r in read_table("experiment")
        if float(r["capacity_mAh_cm2"]) == 4
    }
    out = []
    for i0 in EXCHANGE:
        line = [f"{i0} (default)" if i0 == "1" else i0]
        for host in ("CNT", "LLTO", "LLTO@CNT"):
            row = rows.get((host, i0))
            measures = (("top_bottom_index", "+.2f"), ("fraction_above_host", ".0%"))
            line.append("–" if row is None else ", ".join(with_spread(row, *each) for each in measures))
        out.append(line)
    return markdown(["i0 (A/m²)", *(f"{host}: index, above the host" for host in ("CNT", "LLTO", "LLTO@CNT"))], out)
