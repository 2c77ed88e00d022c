"""Training of the segmenter of product photos.

train_garment.py   the training, run as a module
examples.py        product photos with masks, photos labelled here, worn garments cut out
graphcut.py        a minimum cut over superpixels: a second way to label photos
scenes.py          pictures drawn from examples: as they are, or laid on other grounds
"""
