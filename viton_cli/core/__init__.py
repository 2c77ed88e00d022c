"""The paper itself: tensors in, tensors out. No paths, no console, no registry, no globals.

Conventions, stated once here and cited elsewhere
    Images      (B, 3, H, W) RGB float32 in [-1, 1]. Masks (B, 1, H, W) float32 in [0, 1]. Label maps (B, H, W) int64.
    Sizes       always (height, width). 256x192 is the paper's size and the default; nothing here assumes it.
    Points      (x, y), the centre of the top-left pixel is (0, 0). In the network frame unless the name ends in
                `_photo`. An unseen joint is `False` in `Pose.seen`, never coded as (0, 0) or -1.
    Sides       left and right are the person's own.
    Joints      OpenPose COCO-18 (`vocabulary.labels.JOINTS`).
    Labels      LIP-20, plus 20 = neck and chest skin, plus 21 = bag or anything else held or worn over the clothes
                (`vocabulary.labels.LABELS`).
    Frames      `imaging/frames.py` owns every change of frame; `warp/tps.py` alone knows `align_corners`.

Contents, in reading order
    representation.py    the 22 channels: pose maps, body shape, face and hair; what the networks see of a person
    pose_coordinates.py  the joints as coordinates along trunk and arms, which our generator also sees
    generator.py         stage 1: coarse result and clothing mask; layout, places and light beside them
    warp/                from the person's picture to the product's: by places, or between two masks
    composer.py          stage 2: the composition mask, and equation 2
    losses.py            equations 1 and 3
    features.py          what the perceptual loss compares
"""
