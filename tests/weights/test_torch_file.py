from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile

import pytest
import torch

from animeseg.errors import BadWeightsError, UnsafePickleError
from animeseg.weights.pickle_allowed import StorageRef, TensorRef
from animeseg.weights.torch_file import open_torch_file


def tensors(path):
    with open_torch_file(path) as file:
        return {name: file.tensor(ref) for name, ref in file.root.items()}


def assert_same(found, saved):
    assert list(found) == list(saved)
    for name, tensor in saved.items():
        assert found[name].dtype == tensor.dtype, name
        assert found[name].shape == tensor.shape, name
        assert torch.equal(found[name], tensor), name
        assert found[name].is_contiguous(), name


@pytest.fixture
def saved():
    torch.manual_seed(0)
    matrix = torch.randn(6, 4)
    dtypes = ("float16", "bfloat16", "float64", "int8", "int16", "int32", "int64", "uint8")
    return {
        "plain": matrix.clone(),
        "transposed": matrix.t(),
        "slice": matrix[2:5, 1:],
        "same memory": matrix,
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 3),
        "bool": torch.tensor([True, False]),
        "parameter": torch.nn.Parameter(torch.randn(2, 3, 1, 1)).detach(),
        **{dtype: torch.arange(5).to(getattr(torch, dtype)) for dtype in dtypes},
    }


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_tensors_come_out_as_torch_saved_them(tmp_path, saved, zipped, protocol):
    path = tmp_path / "state.pth"
    torch.save(saved, path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    assert_same(tensors(path), saved)


def test_a_parameter_is_its_tensor(tmp_path):
    path = tmp_path / "state.pth"
    torch.save({"w": torch.nn.Parameter(torch.ones(3))}, path)
    assert type(tensors(path)["w"]) is torch.Tensor


def test_tensors_have_memory_of_their_own(tmp_path):
    path = tmp_path / "state.pth"
    shared = torch.arange(4.0)
    torch.save({"a": shared, "b": shared}, path)
    found = tensors(path)
    found["a"][0] = 9
    assert found["b"][0] == 0


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_file_cut_anywhere_is_an_error_of_ours(tmp_path, zipped):
    path = tmp_path / "state.pth"
    torch.save({"a": torch.arange(40.0)}, path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    for length in range(0, len(content) - 1, 7):
        path.write_bytes(content[:length])
        with pytest.raises(BadWeightsError):
            tensors(path)


def test_a_flipped_bit_in_the_numbers_is_noticed(tmp_path):
    path = tmp_path / "state.pth"
    torch.save({"a": torch.full((40,), 1.5)}, path)
    content = bytearray(path.read_bytes())
    content[content.index(struct.pack("<3f", 1.5, 1.5, 1.5))] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadWeightsError, match="damaged"):
        tensors(path)


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("archive/code/__torch__.py", "TorchScript"),
        ("archive/../../evil", "has a member"),
        ("../evil", "has a member"),
        ("/etc/passwd", "has a member"),
        ("archive\\evil", "has a member"),
        ("other/data/0", "has a member"),
        ("archive/data/0x", "has a member"),
        ("archive/nested.zip", "has a member"),
        ("archive/data/data.pkl", "has a member"),
    ],
)
def test_members_that_torch_does_not_write_are_refused(torch_zip, member, words):
    path = torch_zip(pickle.dumps({}, 2), members={member: b"x"})
    with pytest.raises(BadWeightsError, match=words):
        open_torch_file(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(torch_zip, tmp_path):
    path = torch_zip(pickle.dumps({}, 2))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"a": 1}, 2))
    with pytest.raises(BadWeightsError, match="repeated"):
        open_torch_file(path)


def test_a_compressed_archive_is_refused_before_it_is_unpacked(torch_zip):
    bomb = torch_zip(b"\0" * 2**22, compression=zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 2**14
    with pytest.raises(BadWeightsError, match="compressed"):
        open_torch_file(bomb)


def test_a_huge_pickle_is_not_read(torch_zip):
    with pytest.raises(BadWeightsError, match="its pickle has 8388609 bytes"):
        open_torch_file(torch_zip(b"N" * (2**23 + 1)))


def test_an_archive_of_something_else_is_refused(tmp_path):
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README.txt", "hello")
    with pytest.raises(BadWeightsError, match=r"not one that torch\.save wrote"):
        open_torch_file(path)


def test_numbers_of_the_other_byte_order_are_refused(torch_zip):
    path = torch_zip(pickle.dumps({}, 2), members={"archive/byteorder": b"big"})
    with pytest.raises(BadWeightsError, match="little-endian"):
        open_torch_file(path)


def test_torchscript_is_refused(tmp_path):
    path = tmp_path / "model.pt"
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), str(path))
    with pytest.raises(BadWeightsError, match="TorchScript"):
        open_torch_file(path)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("bound", [True, False], ids=["method", "function"])
def test_a_call_hidden_in_a_checkpoint_does_not_run(tmp_path, zipped, bound):
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self):
            return (canary.mkdir, ()) if bound else (os.mkdir, (str(canary),))

    path = tmp_path / "model.pt"
    torch.save({"a": torch.ones(2), "b": Evil()}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UnsafePickleError, match=r"the result of a call|\.mkdir"):
        open_torch_file(path)
    assert not canary.exists()


def test_a_nested_pickle_is_not_opened(tmp_path):
    inner = io.BytesIO()
    torch.save(torch.ones(2), inner)
    path = tmp_path / "model.pt"

    class Nested:
        def __reduce__(self):
            return torch.storage._load_from_bytes, (inner.getvalue(),)

    torch.save({"a": Nested()}, path)
    with pytest.raises(UnsafePickleError, match="_load_from_bytes"):
        open_torch_file(path)


@pytest.mark.parametrize(
    "ref",
    [
        TensorRef(StorageRef("float32", "0", 6), "float32", 1, (6,), (1,)),
        TensorRef(StorageRef("float32", "0", 6), "float32", 0, (7,), (1,)),
        TensorRef(StorageRef("float32", "0", 6), "float32", 0, (3, 3), (3, 1)),
        TensorRef(StorageRef("float32", "0", 6), "float64", 0, (6,), (1,)),
        TensorRef(StorageRef("float32", "0", 6), "float32", 0, (2**39, 2**39), (0, 0)),
        TensorRef(StorageRef("float32", "7", 6), "float32", 0, (6,), (1,)),
        TensorRef(StorageRef("float32", "../version", 6), "float32", 0, (1,), (1,)),
    ],
)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_tensor_never_reaches_outside_of_its_numbers(tmp_path, ref, zipped):
    path = tmp_path / "state.pth"
    torch.save({"a": torch.arange(6.0)}, path, _use_new_zipfile_serialization=zipped)
    with open_torch_file(path) as file:
        good = file.root["a"]
        assert torch.equal(file.tensor(good), torch.arange(6.0))
        storage = (
            StorageRef("float32", good.storage.key, 6) if ref.storage.key == "0" else ref.storage
        )
        bad = TensorRef(storage, ref.dtype, ref.offset, ref.shape, ref.stride)
        with pytest.raises(BadWeightsError):
            file.tensor(bad)


def test_overlapping_tensors_cannot_multiply_a_file(tmp_path):
    path = tmp_path / "state.pth"
    base = torch.arange(2.0**16)
    torch.save({str(n): base[n:] for n in range(60)}, path)
    with pytest.raises(BadWeightsError, match="overlap too often"):
        tensors(path)
