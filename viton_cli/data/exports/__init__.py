"""Prepared data written as the code of others opens it.

A layout is one file and one line here; `base.Export` is what it has to offer. Which person and garment get which
number is decided in `looks.py`. Names, modes and ranges stand in the files; they are those that the loaders of VITON,
CP-VTON and CP-VTON+, VITON-HD, HR-VITON and Dress Code expect.
"""

from __future__ import annotations

from viton_cli.registry import Registry

EXPORTS = Registry(
    "export",
    {
        "cp-vton": "viton_cli.data.exports.cp_vton:CpVtonExport",
        "dresscode": "viton_cli.data.exports.dresscode:DressCodeExport",
        "hr-viton": "viton_cli.data.exports.viton_hd:HrVitonExport",
        "viton": "viton_cli.data.exports.viton:VitonExport",
        "viton-hd": "viton_cli.data.exports.viton_hd:VitonHdExport",
    },
)
