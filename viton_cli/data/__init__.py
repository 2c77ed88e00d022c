"""Data sets of the field, each read from its own layout on disk into entries with our labels and joints.

A format is one file and one line here; `base.Dataset` is what it has to offer.
"""

from __future__ import annotations

from viton_cli.registry import Registry

DATASETS = Registry(
    "data set format",
    {
        "ccp": "viton_cli.data.ccp:Ccp",
        "cp-vton": "viton_cli.data.cp_vton:CpVton",
        "dresscode": "viton_cli.data.dresscode:DressCode",
        "folders": "viton_cli.data.folders:Folders",
        "prepared": "viton_cli.data.prepared:Prepared",
        "rendered": "viton_cli.data.rendered:Rendered",
        "viton": "viton_cli.data.viton:Viton",
        "viton-hd": "viton_cli.data.viton_hd:VitonHd",
        "wardrobe": "viton_cli.data.wardrobe:Wardrobe",
    },
)
