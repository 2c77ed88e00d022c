"""Control points by parts.

garment_parts.py     collar, shoulders, armpits, sleeve ends and hem of a garment's outline
body_parts.py        the target read as a torso and two sleeves
part_matching.py     control points: the garment's parts beside the person's
"""
