"""Phase-field simulation of lithium plating and stripping inside 3D host electrodes."""

__version__ = "0.1.0"
