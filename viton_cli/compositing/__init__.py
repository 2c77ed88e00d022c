"""From the networks' small pictures to the photo's own size, touching only what the change of garment touches.

Three regions of the photo are painted anew; all other pixels stay those of the photo, exactly:

    garment    where the warped garment lies: alpha * garment + (1 - alpha) * coarse result (equation 2), the garment
               taken from its own photo at full resolution;
    uncovered  where the old garment was and the new one is not: skin (shaded by the coarse result, in the person's own
               skin colour), the lower clothes continued, or the background continued;
    rim        one or two network pixels around the old garment, where its colour bleeds into the background.

Face, hair, hands, bags and whatever else is not clothing to be replaced lie in front of the new garment.

Departure: the paper's result is the whole 256x192 picture of the networks. This is the same composition, pasted.

    regions.py     which pixel belongs to what
    uncovered.py   what a body shows where the old garment was
    blend.py       the regions painted anew and blended over the photo; start at `lay_in`
"""
