from __future__ import annotations

import collections
import io
import os
import pickle
import pickletools
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animeseg.errors import BadWeightsError, UnsafePickleError
from animeseg.weights.pickle_allowed import Inert, StorageRef, TensorRef
from animeseg.weights.pickle_guard import read_pickle


def read(content):
    return read_pickle(io.BytesIO(content)).root


class Calls:
    """Pickles as a call of ``function``."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def names_only(module, name, arguments=b")"):
    """A protocol 0 pickle that calls ``module.name``, which need not exist here."""
    return f"c{module}\n{name}\n".encode() + arguments + b"R."


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_call_of_the_shell_is_refused_by_name_and_not_made(protocol, tmp_path):
    canary = tmp_path / "canary"
    content = pickle.dumps({"model": Calls(os.system, f"touch {canary}")}, protocol)
    with pytest.raises(UnsafePickleError, match=rf"{os.name if os.name == 'nt' else 'posix'}\.sys"):
        read(content)
    assert not canary.exists()
    pickle.loads(content)
    assert canary.exists() or os.name == "nt", "the pickle is harmless: the test proves nothing"


@pytest.mark.parametrize(
    "name",
    [
        "builtins.eval",
        "builtins.exec",
        "builtins.__import__",
        "__builtin__.eval",
        "importlib.import_module",
        "nt.system",
        "numpy.testing._private.utils.runstring",
        "operator.attrgetter",
        "pydoc.locate",
        "runpy._run_code",
        "subprocess.Popen",
        "torch._inductor.codecache.compile_file",
        "torch.hub.load",
        "torch.load",
        "torch.serialization.load",
        "torch.storage._load_from_bytes",
        "torch.utils._import_utils.import_dill",
        "ultralytics.YOLO",
        "ultralytics.utils.downloads.safe_download",
        "webbrowser.open",
    ],
)
def test_nothing_outside_the_list_is_accepted(name):
    module, _, attribute = name.rpartition(".")
    with pytest.raises(UnsafePickleError, match=attribute):
        read(names_only(module, attribute))
    stacked = pickle.PROTO + b"\x04" + short(module) + short(attribute) + b"\x93)R."
    with pytest.raises(UnsafePickleError, match=attribute):
        read(stacked)


def short(text):
    return b"\x8c" + bytes([len(text)]) + text.encode()


def test_every_refused_name_is_listed_at_once():
    content = b"(" + names_only("os", "system")[:-1] + names_only("builtins", "eval")[:-1] + b"t."
    with pytest.raises(UnsafePickleError, match=r"builtins\.eval, os\.system"):
        read(content)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("torch.nn.modules.conv", "Conv2d.__init__"),
        ("torch.nn.modules.conv", "torch.hub.load"),
        ("torch.nn.modules.conv.torch", "hub.load"),
        ("collections", "OrderedDict.fromkeys"),
        ("", "os.system"),
        ("os.", "system"),
        ("torch.nn.modules.conv", "a b"),
    ],
)
def test_dotted_names_do_not_reach_through_allowed_modules(module, name):
    with pytest.raises(UnsafePickleError):
        read(pickle.PROTO + b"\x04" + short(module) + short(name) + b"\x93)R.")


def test_allowed_classes_become_inert_whatever_state_they_are_given():
    new = b"cultralytics.nn.tasks\nSegmentationModel\n)\x81"
    state = pickle.dumps({"__class__": "x", "__setstate__": "y", "_modules": {}}, 2)[2:-1]
    model = read(b"\x80\x02" + new + state + b"b.")
    assert type(model) is Inert
    assert model.name == "ultralytics.nn.tasks.SegmentationModel"
    assert model.state["__setstate__"] == "y"


def test_getattr_gives_a_name_that_cannot_be_called():
    attribute = (
        b"c__builtin__\ngetattr\ncultralytics.nn.modules\nDetect\nX\x07\x00\x00\x00forward\x86R"
    )
    assert read(b"\x80\x02" + attribute + b".").name == "builtins.getattr"
    with pytest.raises(UnsafePickleError, match="calls the result of a call"):
        read(b"\x80\x02" + attribute + b")R.")


@pytest.mark.parametrize(
    "operation",
    [
        b"\x82\x01.",  # EXT1: an object another part of the process registered
        b"(i__main__\nX\n.",  # INST
        b"(c__main__\nX\no.",  # OBJ
        b"\x80\x04)}\x92.",  # NEWOBJ_EX
        b"\x80\x05\x96\x01\x00\x00\x00\x00\x00\x00\x00a.",  # BYTEARRAY8
        b"\x80\x05\x97.",  # NEXT_BUFFER
        b"Pstorage\n.",  # PERSID
    ],
)
def test_operations_that_no_weight_file_needs_are_refused(operation):
    with pytest.raises(UnsafePickleError, match="uses the operation"):
        read(operation)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"garbage",
        b"\x80\x02",
        b"\x80\x02}",
        b"h\x05.",  # recall of something never noted
        b"0.",  # pop from nothing
        b"R.",
        b"NNR.",
        b"]]s.",
        b"}(Ne.",  # extends a dict
        b"}(NNNu.",  # odd number of keys and values
        b"](K\x01K\x02u.",
        b"NNb.",
        b"\x80\x02ccollections\nOrderedDict\nK\x01\x85R.",
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
        b"\x80\x02NQ.",
        b"\x80\x02(X\x07\x00\x00\x00storageNNNNtQ.",
    ],
)
def test_damaged_pickles_are_errors_of_ours(content):
    with pytest.raises(BadWeightsError):
        read(content)


def test_a_pickle_cut_anywhere_is_an_error_of_ours(sample):
    whole = pickle.dumps(sample, 2)
    assert read(whole)
    for length in range(len(whole)):
        with pytest.raises(BadWeightsError):
            read(whole[:length])


@pytest.fixture
def sample():
    return {"names": {0: "person"}, "yaml": [[-1, 1, "Conv", [16, 3, 2]]], "x": (1.5, True, None)}


SAMPLE = pickle.dumps({"a": [1, 2.5, "b" * 300], "c": collections.OrderedDict(d=(None, True))}, 2)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), max_size=8))
def test_changed_bytes_give_a_value_or_an_error_of_ours(changes):
    content = bytearray(SAMPLE)
    for position, value in changes:
        content[position] = value
    with suppress(BadWeightsError):
        read(bytes(content))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([op.code for op in pickletools.opcodes]), max_size=40), st.binary())
def test_any_operations_give_a_value_or_an_error_of_ours(codes, tail):
    with suppress(BadWeightsError):
        read("".join(codes).encode("latin1") + tail)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(values, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_values_come_out_as_they_went_in(value, protocol):
    assert read(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("number", "plain"),
    [
        (np.float64(0.25), 0.25),
        (np.float32(0.5), 0.5),
        (np.float16(0.5), 0.5),
        (np.int64(-3), -3),
        (np.uint8(200), 200),
        (np.bool_(True), True),
    ],
)
def test_numpy_scalars_become_numbers(number, plain, protocol):
    assert read(pickle.dumps(number, protocol)) == plain


def test_numbers_of_the_other_byte_order_are_read_right():
    dtype = Inert("numpy.dtype", ("f8",), {"": (3, ">")})
    from animeseg.weights.pickle_allowed import CALLS

    assert CALLS["numpy._core.multiarray.scalar"](dtype, struct.pack(">d", 1.5)) == 1.5


def test_a_list_that_holds_itself_is_no_trap():
    assert isinstance(read(b"]q\x00h\x00a."), list)


def test_a_memo_of_a_huge_index_costs_nothing():
    assert read(b"Nr\xff\xff\xff\xff.") is None


@pytest.mark.parametrize(
    "content",
    [
        # nested pairs of themselves as a key: hashing would take 2^60 steps
        b"\x80\x02}K\x01q\x00" + b"h\x00h\x00\x86q\x00" * 60 + b"Ns.",
        # a call that copies a growing list, again and again
        b"\x80\x02]q\x00(" + b"N" * 5000 + b"e0" + b"cbuiltins\nlist\nh\x00\x85R0" * 5000 + b"N.",
        # the attributes of one object copied into many
        b"\x80\x02}q\x00("
        + b"".join(b"M" + struct.pack("<H", n) + b"N" for n in range(5000))
        + b"u0"
        + b"ctypes\nSimpleNamespace\n)Rh\x00b0" * 5000
        + b"N.",
        # an endless number as a key
        b"\x80\x02}\x8b" + struct.pack("<i", 100_000) + b"\x01" * 100_000 + b"Ns.",
    ],
)
def test_small_pickles_cannot_ask_for_endless_work(content):
    with pytest.raises(BadWeightsError):
        read(content)


def tensor(storage, offset, shape, stride, tail=(False, None)):
    # protocol 2: function, then the arguments, a storage among them by persistent id
    stored = b"(" + pickle.dumps(storage[0], 2)[2:-1] + b"ctorch\n%s\n" % storage[1].encode()
    stored += b"".join(pickle.dumps(part, 2)[2:-1] for part in storage[2:]) + b"tQ"
    rest = b"".join(pickle.dumps(part, 2)[2:-1] for part in (offset, shape, stride, *tail))
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + stored + rest + b"tR."


STORAGE = ("storage", "FloatStorage", "0", "cpu", 6)


def test_a_tensor_comes_out_as_a_description():
    ref = read(tensor(STORAGE, 0, (2, 3), (3, 1)))
    assert ref == TensorRef(StorageRef("float32", "0", 6), "float32", 0, (2, 3), (3, 1))


@pytest.mark.parametrize(
    ("storage", "offset", "shape", "stride"),
    [
        (STORAGE, -1, (2,), (1,)),
        (STORAGE, 0, (-2,), (1,)),
        (STORAGE, 0, (2,), (-1,)),
        (STORAGE, 0, (2,), (1, 1)),
        (STORAGE, 0, (2.5,), (1,)),
        (STORAGE, 0, (True,), (1,)),
        (STORAGE, 0, (2**50,), (1,)),
        (STORAGE, 0, (1,) * 100, (1,) * 100),
        (("tensor", *STORAGE[1:]), 0, (2,), (1,)),
        (("storage", "FloatStorage", 0, "cpu", 6), 0, (2,), (1,)),
        (("storage", "FloatStorage", "0", "cpu", -6), 0, (2,), (1,)),
        (("storage", "Tensor", "0", "cpu", 6), 0, (2,), (1,)),
    ],
)
def test_impossible_tensors_are_refused(storage, offset, shape, stride):
    with pytest.raises(BadWeightsError):
        read(tensor(storage, offset, shape, stride))
