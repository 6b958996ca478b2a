"""The commands of ``python -m animeseg.data``, one module each; they load what they need late."""
