"""Training recipes: one flat file per kind of model, presets as data."""
