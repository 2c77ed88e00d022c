"""What in a product photo is the garment.

cut.py         start here: the mask, how far it can be trusted, what kind of garment it is
plain.py       garments on plain backgrounds
segmenter.py   the network: where the garment is, and what it is
tidy.py        a raw cut made whole
edge.py        where exactly the garment ends
shape.py       kind, sleeves, and the inside of the back seen behind the neckline
quality.py     an estimate of a mask's overlap with the true one
"""
