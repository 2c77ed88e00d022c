"""Training of the two try-on networks.

stage1.py           the coarse generator (section 3.2)
layout.py           the generator that also says layout and places; what `lite` trains
stage2.py           the refinement network (section 3.3)
baselines.py        crn, prgan and cagan, the paper's baselines
task.py             what trainings on pairs share
pairs.py            pairs of a product picture and a photo of somebody who wears that garment
preparing.py        such pairs made from a data set, and kept
pair_augment.py     their augmentation
triplet_sources.py  triplets of a person, a garment and the truth; packing.py: ready for training, in one file
triplet_set.py      examples made of them; views.py, triplet_augment.py: their augmentation; true_places.py: targets
perceptual.py       the features of the perceptual loss
sources.py          data sets as named on the command line
"""
