"""Impedance and conductivity of LLTO and LLTO@CNT before and after lithiation, in 3D, as the paper measures them."""

from phasefield import build, spectra, status
from phasefield.config import compose
from phasefield.plotting.nyquist import nyquist_figure, read_spectra, thickness_beside
from phasefield.plotting.style import save
from validation import results
from validation.runs import OUTPUTS

WIDTH = "grid.width_um=16"
CASES = {  # what to call the states of: overrides
    "LLTO@CNT": ["host=llto_cnt"],
    "LLTO": ["host=llto", "host.lithiation.llto=1"],
    "LLTO@CNT, packing 1": ["host=llto_cnt", "seed=1"],
    "LLTO, packing 1": ["host=llto", "host.lithiation.llto=1", "seed=1"],
    "LLTO@CNT, 2D": ["host=llto_cnt", "grid.dimensions=2"],
    "LLTO@CNT, 2D, cells of 0.5 µm": ["host=llto_cnt", "grid.dimensions=2", "grid.spacing_um=0.5"],
}
DRAWN = ("LLTO@CNT", "LLTO")
HEADER = ("host", "state", "pores", "total_S_m", "electronic_S_m", "after_one_hour_S_m", "ionic_S_m", "ionic_alone_S_m",
          "electrode_charge_transfer_Ohm_cm2", "half_cell_charge_transfer_Ohm_cm2",
          "half_cell_charge_transfer_Ohm_on_disc")  # fmt: skip


def study() -> None:
    rows, drawn, thickness = [], {}, None
    for name, overrides in CASES.items():
        folder = OUTPUTS / "conductivity" / name.replace(", ", "_").replace(" ", "_")
        if not (folder / spectra.MEASURES).exists():
            config = compose([*overrides, WIDTH])
            spectra.write(spectra.measure(config, build.geometry(config)), folder)
        table = folder / spectra.TABLE
        for state, measures in status.read_json(folder / spectra.MEASURES)["states"].items():
            arcs = [measures["electrode"]["charge_transfer_Ohm_cm2"]]
            arcs += [measures["half_cell"][f"charge_transfer_Ohm_{unit}"] for unit in ("cm2", "on_disc")]
            for pores in ("wet", "dry"):
                numbers = measures[f"two_electrode_{pores}"]
                rows.append([name, state, pores, *(numbers[key] for key in HEADER[3:8]), *arcs])
        if name in DRAWN:
            drawn |= {f"{name}, {state}": each for state, each in read_spectra(table).items()}
            thickness = thickness_beside(table)
        print(f"conductivity: {name}", flush=True)
    results.write_table("conductivity", HEADER, rows)
    path, *_ = save(nyquist_figure(drawn, thickness), results.FIGURES / "nyquist.png")
    results.shrink(path)


if __name__ == "__main__":
    study()
