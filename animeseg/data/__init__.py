"""Making training data: synthesis, conversion, checks; ``python -m animeseg.data COMMAND``.

A *set* is a folder. Every command here reads and writes this layout, and training and evaluation
read it through `animeseg.data.dataset.open_dataset`, which also takes plain YOLO folders and COCO
files of other origin::

    SET/
      data.yaml          what ultralytics reads: path, train, val (test), names
      images/NAME        JPEG or PNG; in a split set images/train/NAME, images/val/NAME, ...
      labels/NAME.txt    YOLO-seg, one line per character: class x1 y1 x2 y2 ..., 0..1 of the
                         picture; an empty file says that there is no character
      annotations.json   COCO: the same characters as exact run lengths (RLE) with their boxes,
                         file_name relative to images/; image and annotation ids count from 1
      manifest.jsonl     line 1: format, version, class names, the recipe that made the set; then
                         one line per picture in the order of names (`animeseg.data.entries.Entry`):
                         size, SHA-256 of image and label, perceptual hash, annotations, sources
      alpha/             only when asked for: STEM.png, (H, W) 8-bit alpha of all characters
                         together, and STEM-K.png, what is visible of character K (from 1)
      sheet.jpg          contact sheet
      .journal.sqlite    only while a set is being made: what is finished, so that a run that was
                         killed is taken up again; its end turns it into the manifest

Rules that readers may rely on:

- A polygon has one line even where a character has holes or parts: these are joined by bridges of
  no width (`animeseg.data.polygons`), which ultralytics' rasteriser gives back as holes and parts.
- What a person edits wins: a label file whose hash is no longer that of the manifest is read in
  place of the manifest's annotations, and a picture without a label file counts as removed.
- Files are written whole or not at all; equal arguments give equal bytes, whatever the number of
  workers and however often the run was killed in between.
- The content hash of a set (`Dataset.content_hash`) covers the class names and the bytes of every
  picture and label, nothing else: not the order of making, not the folder.
"""
