"""Physical constants (CODATA 2018, exact) and the user's units as SI numbers: multiply to enter SI, divide to leave."""

FARADAY = 96485.33212  # C/mol
GAS_CONSTANT = 8.314462618  # J/(mol K)

um = 1e-6  # m
nm = 1e-9  # m
mV = 1e-3  # V
cm2 = 1e-4  # m2
cm3 = 1e-6  # m3
hour = 3600.0  # s
mA_per_cm2 = 10.0  # A/m2
mAh_per_cm2 = 36.0e3  # C/m2
mol_per_L = 1e3  # mol/m3
mS_per_cm = 0.1  # S/m
g_per_cm3 = 1e3  # kg/m3
mAh_per_g = 3600.0  # C/kg
