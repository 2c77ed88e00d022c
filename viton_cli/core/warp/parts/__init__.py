"""Control points by parts.

garment_parts.py     collar, shoulders, armpits, sleeve ends and hem of a garment's outline
body_parts.py        the target's sleeves, read about the bones of the arms
torso.py             the target's torso: what is left, made whole
part_matching.py     control points: the garment's parts beside the person's
"""
