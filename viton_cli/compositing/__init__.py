"""From the networks' small pictures to the photo's own size, touching only what the change of garment touches.

    labels of the photo ─┬─► what goes: the old garment and a rim around it
    layout ──────────────┼─► what shows in its place: skin, lower clothes, background
    warp ────────────────┴─► where the new garment lies, cut by its own outline; hair, face and hands stay in front

Regions and fills are worked out on a part of bounded size and enlarged; the garment and its edge are drawn, and
equation 2 is applied, once, at the photo's own size. All other pixels stay those of the photo, exactly.

Departure: the paper's result is the whole 256x192 picture of the networks. This is the same composition, pasted.

    wearer.py      what is known of a person, whatever the garment
    painted.py     what comes in (`Painted`), and what is decided of each pixel (`Regions`)
    by_layout.py   the regions, from the layout that stage 1 predicts
    by_joints.py   the regions, from clothing mask and joints, where stage 1 predicts no layout (the paper's generator)
    fills.py       skin, lower clothes and background where the old garment was
    blend.py       all of it laid over the photo; start at `lay_in`
"""
