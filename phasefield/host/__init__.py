"""From a recipe or an image to diffuse volume fractions of a host on its collector, and what such a host is like."""

from phasefield.host.geometry import Geometry, HostError
from phasefield.host.image import ImageRequest, load_image
from phasefield.host.measures import HostReport, describe
from phasefield.host.packing import PackingRequest, generate
from phasefield.host.recipe import BurnOut, burn_out, volume_fractions
from phasefield.host.sizes import SizeDistribution

__all__ = [
    "BurnOut",
    "Geometry",
    "HostError",
    "HostReport",
    "ImageRequest",
    "PackingRequest",
    "SizeDistribution",
    "burn_out",
    "describe",
    "generate",
    "load_image",
    "volume_fractions",
]
