"""What people look at: contact sheets, the page to judge results on, the page and the paper of a human evaluation.

gallery.py   sheet.jpg of a try-on run
index.py     index.html of a try-on run, written while it goes on
printed.py   trials of a human evaluation on paper
bundle.py    both pages from one front end: front/ (ES modules, style sheets) in templates/page.html
"""
