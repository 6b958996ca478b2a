"""Formats of annotations other than a set's own: `sources` lists how each is read and written."""
