"""Training: the loop all networks share, and what each of them is trained on.

train.py            `viton train`
fit.py              the loop
processes.py        what several processes of a run agree on
journal.py          what a run writes down
task.py             what a task offers to it, and the order of the data
curve.py            the learning curve
explain.py          what of a training is the paper's
pairs/              stage 1 and stage 2, on pairs of a person and a garment
perception/         the perception network
garments/           the segmenter of product photos
"""
