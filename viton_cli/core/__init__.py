"""The method itself: tensors in, tensors out. No paths, no console, no registry, no globals.

Conventions, stated once here and cited elsewhere
    Images      (B, 3, H, W) RGB float32 in [-1, 1]. Masks (B, 1, H, W) float32 in [0, 1]. Label maps (B, H, W) int64.
    Sizes       always (height, width). 256x192 is the paper's size and the default; nothing here assumes it.
    Points      (x, y), the centre of the top-left pixel is (0, 0). In the network frame unless the name ends in
                `_photo`. An unseen joint is `False` in `Pose.seen`, never coded as (0, 0) or -1.
    Sides       left and right are the person's own.
    Joints      OpenPose COCO-18 (`labels.JOINTS`).
    Labels      LIP-20, plus 20 = neck and chest skin, plus 21 = bag or anything else held or worn over the clothes
                (`labels.LABELS`).
    Frames      `frames.py` owns every change of frame; `tps.py` alone knows `align_corners`.

Contents, in reading order
    the person      labels.py            joints and labels, the two vocabularies
                    label_sets.py        foreign label sets, and the way from each to ours
                    frames.py            photo pixels to the network frame and back
                    limbs.py             skin of one label told apart into face, neck, arms and legs by the joints
                    representation.py    pose maps, body shape, face and hair: what the networks see of a person
    the garment     product.py           the cut-out garment on white, filling the frame: what they see of a garment
                    flat_lay.py          such a picture made from a photo of somebody who wears the garment
                    lay_out.py           where torso and sleeves lie in it, and where a body has the same parts
                    filling.py           colours for what a photo does not show, mirrored or grown in from around
    the networks    generator.py         stage 1: coarse result and clothing mask
                    composer.py          stage 2: the composition mask, and equation 2
                    losses.py            equations 1 and 3
                    features.py          what the perceptual loss compares
    the warp        target.py            what it aims at: the predicted mask, made whole behind arms, hair and bags
                    warp.py              from two masks to a map between them; start here
                    outlines.py          outlines of masks, and the one-way walk that matches two in order
                    shape_context.py     which point of one outline stands where a point of another does
                    outline_matching.py  two outlines laid onto each other: shape contexts first, then the walk
                    garment_parts.py     collar, shoulders, armpits, sleeve ends and hem of a garment's outline
                    body_parts.py        the target read as a torso and two sleeves
                    part_matching.py     control points: the garment's parts beside the person's
                    tps.py               thin-plate splines, and reading a picture where a map says
                    warp_fitting.py      how stiff the splines must be, where layers lie, what stands in for them
                    warp_map.py          the finished warp, and the drawing of pictures through it
    the picture     full_size.py         the small result laid into the photo at its own size
                    drawing.py           skeletons, labels and tiles for the eye
"""
