"""What a person looks at after a run: the contact sheet and index.html (gallery.py, templates/)."""
