"""What is done to pictures beside the paper's method. Arrays in, arrays out; the conventions are those of `core`.

frames.py     photo pixels to the network frame and back; owns every change of frame
limbs.py      skin of one label told apart into face, neck, arms and legs by the joints
product.py    the cut-out garment on white, filling the frame: what the networks see of a garment
flatten.py    such a picture made from a photo of somebody who wears the garment: the garment laid flat
flat_places.py  which point of the flat picture each garment pixel of the photo is
flat_pose.py  where torso and sleeves lie in it, and where a body has the same parts
tensors.py    pictures as the networks take them, and back
gradients.py  how steeply a picture changes
filling.py    colours for what a photo does not show, mirrored or grown in from around
drawing.py    skeletons, labels and tiles for the eye
lettering.py  words in pictures: letters that a font has, or escaped
"""
