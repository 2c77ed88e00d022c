"""What a command does.

    tryon/             `viton tryon`, and `TryOn`
    prepare/           `viton prepare`
    evaluate/          `viton evaluate`
    doctor.py          `viton doctor`
    receipts.py        what a result says of itself
    repeat.py          `viton doctor FILE`
    licences.py        `viton licences`
    garment_store.py   garments cut once; for tryon and prepare
    names.py           names of files
    pairing.py         who is to wear what
    swapped.py         the guess that --person and --clothes were given for each other
    run_config.py      the config.yaml beside a run's output

`viton train` is `training.train`.
"""
