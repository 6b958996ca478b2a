"""Measuring models: ``python -m animeseg.evaluate --data SET --model A --model B``.

    truth.py      the pictures of a set with what is right about them
    systems.py    what is compared: a model, or a model with a refinement
    matching.py   detections against the truth, by pycocotools, one picture at a time
    packed.py     what is kept of them
    pixels.py     IoU, boundary IoU, MAE, SAD, pixel accuracy of a picture
    measure.py    one system over one set, as one row per picture
    scores.py     rows to scores, breakdowns, curves and bootstrap intervals
    plots.py      the curves as pictures
    worst.py      the worst cases as pictures
    report.py     everything on one HTML page, with the worst cases shown

Every system of a run sees the same pictures at the same settings. Only small rows are kept of a
picture, so that memory hardly grows with the length of a set.
"""
