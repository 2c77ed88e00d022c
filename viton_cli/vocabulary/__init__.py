"""The words all rooms speak in: joints and labels (labels.py), and the way from foreign label sets to them
(label_sets.py). Imports nothing of the package."""
