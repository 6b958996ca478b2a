"""Every exception animeseg raises on purpose, in one small tree.

Each one carries a stable ``code`` (for logs, the HTTP API and exit reports), says what was
expected and what was found, and ends with a ``cure``: what the reader can do next. Where callers
already catch a standard-library family (``ValueError``, ``OSError``, ...) the class belongs to it.
"""

from __future__ import annotations


class AnimesegError(Exception):
    """Root of all errors raised by animeseg.

    Args:
        cause: what went wrong, with the expected and the actual value.
        cure: what to do next; empty when nothing can be done.
    """

    code = "error"

    def __init__(self, cause: str, cure: str = "") -> None:
        super().__init__(cause, cure)
        self.cause = cause
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.cause}; {self.cure}" if self.cure else self.cause

    @property
    def log_line(self) -> str:
        """The single line every front end prints for this error."""
        return f"[animeseg] {self.code}: {self}"


class BadImageError(AnimesegError, ValueError):
    """The bytes are not a readable picture (truncated, garbage, wrong type or shape)."""

    code = "bad_image"


class UnsupportedImageError(BadImageError):
    """The bytes are a picture of a format or kind that is not accepted."""

    code = "unsupported_image"


class UrlsNotAllowedError(UnsupportedImageError):
    """A URL or a path stands where a picture was expected; neither is ever opened."""

    code = "urls_not_allowed"


class ImageTooLargeError(BadImageError):
    """The picture exceeds the byte, side or pixel limit; raised before it is decoded."""

    code = "image_too_large"


class ImageTooSmallError(BadImageError):
    """A side of the picture is below the smallest the networks can use."""

    code = "image_too_small"


class BadVideoError(AnimesegError, ValueError):
    """The file is no video or animation that can be read, or it is damaged."""

    code = "bad_video"


class OptionError(AnimesegError, ValueError):
    """An option has an unknown name, a wrong type or a value out of range.

    Args:
        field: the name of the option.
        cause: what is wrong with it.
        cure: the accepted values.
    """

    code = "bad_option"

    def __init__(self, field: str, cause: str, cure: str = "") -> None:
        super().__init__(f"{field}: {cause}", cure)
        self.field = field


class UnknownModelError(AnimesegError, LookupError):
    """No model of that name; the text is the same whether or not a file of that name exists."""

    code = "unknown_model"


class MissingWeightsError(AnimesegError, FileNotFoundError):
    """The model is known, its weights are not on this machine, and no download was asked for."""

    code = "missing_weights"


class BadWeightsError(AnimesegError, ValueError):
    """A weight file is damaged, of another architecture, or not what its name says."""

    code = "bad_weights"


class UnsafePickleError(BadWeightsError):
    """A pickle refers to something outside the allow-list; nothing of it was executed."""

    code = "unsafe_pickle"


class DownloadError(AnimesegError, ConnectionError):
    """A weight could not be fetched; no file was left under its final name."""

    code = "download_failed"


class OfflineError(DownloadError):
    """A download was needed while an offline flag forbids the network."""

    code = "offline"


class DiskFullError(AnimesegError, OSError):
    """The disk filled up while writing; the partial file was removed."""

    code = "disk_full"


class OutputError(AnimesegError, OSError):
    """A result could not be written (no permission, path too long, a directory in its place)."""

    code = "output_failed"


class OutputExistsError(OutputError, FileExistsError):
    """A result of that name exists and overwriting was not asked for."""

    code = "output_exists"


class BadRecordError(AnimesegError, ValueError):
    """A JSON record of a result is damaged, of a newer version, or not a record."""

    code = "bad_record"


class BadDatasetError(AnimesegError, ValueError):
    """A set of training data is damaged, empty, or not what was asked for."""

    code = "bad_dataset"


class MissingDependencyError(AnimesegError, ImportError):
    """An optional package is not installed (or cannot be imported)."""

    code = "missing_dependency"


class OutOfMemoryError(AnimesegError, MemoryError):
    """Memory ran out on every rung of the ladder, down to the CPU."""

    code = "out_of_memory"


class RequestError(AnimesegError, ValueError):
    """An HTTP request is not what the schema says.

    Args:
        cause: what is wrong with it.
        cure: what is accepted.
        field: which part of it is meant; empty for the whole.
    """

    code = "bad_request"

    def __init__(self, cause: str, cure: str = "", field: str = "") -> None:
        super().__init__(cause, cure)
        self.field = field


class RequestTooLargeError(RequestError):
    """The body of an HTTP request exceeds the limit; the rest of it was not read."""

    code = "request_too_large"


class MediaTypeError(RequestError):
    """The body of an HTTP request is of a type that is not read."""

    code = "unsupported_media_type"


class NotAcceptableError(RequestError):
    """The answer to an HTTP request cannot be had in the form that is accepted."""

    code = "not_acceptable"


class AccessError(AnimesegError, PermissionError):
    """An HTTP request came without credentials, or with wrong ones."""

    code = "unauthorized"


class NoCredentialsError(AccessError):
    """The page asks for a login, the API has no credentials: nobody is let in."""

    code = "no_credentials"


class BusyError(AnimesegError):
    """Too many requests wait already."""

    code = "busy"


class InterruptedJobError(AnimesegError):
    """The user interrupted the work; there is no result."""

    code = "interrupted"
