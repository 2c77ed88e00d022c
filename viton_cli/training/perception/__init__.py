"""Training of the built-in perception network: the task, its augmentation, its losses."""
