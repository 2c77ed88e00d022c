"""What a command does.

    tryon/             `viton tryon`, and `TryOn`
    prepare/           `viton prepare`
    evaluate/          `viton evaluate`
    doctor.py          `viton doctor`
    garment_store.py   garments cut once; for tryon and prepare
    names.py           names of files
    pairing.py         who is to wear what
    run_config.py      the config.yaml beside a run's output

`viton train` is `training.train`.
"""
