"""Many pictures: found lazily, named without collisions, worked on in a bounded pipeline.

`sources` walks what the user named, `naming` says where results go, `ledger` remembers what is
done (for resuming, and so that results are never taken for pictures), `run` is the pipeline,
`writing` turns one result into files, `report` counts and tells.
"""
