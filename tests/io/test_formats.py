"""Files: replacement without loss, our own format, word2vec's formats, wrong and broken files."""

import contextlib
import errno
import json
import os
import pickle
import signal
import stat
import subprocess
import sys
import tempfile

import numpy as np
import pytest

import w2v
from w2v import KeyedVectors
from w2v._memory import aligned_empty
from w2v.io import _vector_text, safetensors_file, temporary, word2vec_format
from w2v.io.atomic import atomic_write
from w2v.io.sniff import describe_file
from w2v.io.words import unpack_words, word_tensors

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX file semantics")

WORDS = ["the", "Straße", "王"]
VECTORS = np.array([[1.0, -0.5], [0.1, 3e-05], [-0.0, 2.5]], np.float32)
COUNTS = np.array([9, 5, 2])


def padded(vectors, columns=16):
    """Return the same numbers as a view of longer rows, as a trained model has them."""
    rows = np.full((len(vectors), columns), 77, np.float32)
    rows[:, : vectors.shape[1]] = vectors
    return rows[:, : vectors.shape[1]]


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def temporaries(directory):
    return [name for name in os.listdir(directory) if name.startswith(".w2v-")]


def test_same_bits_tells_zero_from_minus_zero():
    assert same_bits(VECTORS, padded(VECTORS))
    assert not same_bits(VECTORS, np.abs(VECTORS))
    assert not same_bits(np.array([0.0]), np.array([-0.0]))


# ---- Replacing a file ----


def test_replacing_writes_new_and_old(tmp_path):
    path = tmp_path / "file"
    for content in ("first", "second"):
        with atomic_write(path) as temporary:
            assert os.path.dirname(temporary) == str(tmp_path)
            with open(temporary, "w") as file:
                file.write(content)
        assert path.read_text() == content
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError, SystemExit])
def test_replacing_keeps_the_old_file_on_any_exception(tmp_path, failure):
    path = tmp_path / "file"
    path.write_text("old")

    def interrupted():
        with atomic_write(path) as temporary, open(temporary, "w") as file:
            file.write("half of the n")
            raise failure("stop")

    with pytest.raises(failure):
        interrupted()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


KILLED = """
import os, signal, sys
{code}
    os.kill(os.getpid(), signal.SIGKILL)
"""


def run_python(code, folder, **more):
    return subprocess.run([sys.executable, "-c", code], cwd=folder, check=False, **more).returncode


@posix_only
def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    strange = tmp_path / ".w2v-0123456789abcdef.tmp.txt"  # of another name: not ours
    strange.write_text("")
    write = "from w2v.io.atomic import atomic_write\nwith atomic_write('file') as temporary:\n"
    killed = KILLED.format(code=write + "    open(temporary, 'w').write('half of')")
    for left in (1, 1):  # the second one has removed what the first one left
        assert run_python(killed, tmp_path) == -signal.SIGKILL
        assert len(temporaries(tmp_path)) == 1 + left
    assert run_python(write + "    open(temporary, 'w').write('whole')", tmp_path) == 0
    assert temporaries(tmp_path) == [strange.name]
    assert (tmp_path / "file").read_text() == "whole"


@posix_only
def test_temporary_files_of_a_living_process_stay(tmp_path):
    other = "from w2v.io.atomic import atomic_write\nwith atomic_write('other'): pass\n"
    with atomic_write(tmp_path / "file") as path, open(path, "w") as file:
        assert run_python(other, tmp_path) == 0
        file.write("new")
    assert (tmp_path / "file").read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == ["file", "other"]


@posix_only
def test_a_file_that_another_process_removed_is_made_again(tmp_path, monkeypatch):
    """One that looks through the directory between the creation of a file and its lock."""
    lock, calls = temporary._lock, []

    def removed_before(descriptor):
        calls.append(descriptor)
        if len(calls) == 1:
            for name in temporaries(tmp_path):
                (tmp_path / name).unlink()
        return lock(descriptor)

    monkeypatch.setattr(temporary, "_lock", removed_before)
    path, descriptor = temporary.create_file(str(tmp_path), 0o600)
    os.close(descriptor)
    assert len(calls) == 2
    assert [os.path.basename(path)] == os.listdir(tmp_path)


@posix_only
@pytest.mark.parametrize("answer", [False, None])
def test_without_locks_nothing_of_others_is_removed(tmp_path, monkeypatch, answer):
    (tmp_path / ".w2v-0123456789abcdef.tmp").write_text("")
    answers = iter([answer, True])
    monkeypatch.setattr(temporary, "_lock", lambda descriptor: next(answers, None))
    path, descriptor = temporary.create_file(str(tmp_path), 0o600)
    os.close(descriptor)
    assert sorted(os.listdir(tmp_path)) == sorted([".w2v-0123456789abcdef.tmp", path[-25:]])


@posix_only
def test_temporary_folders_of_killed_processes_are_removed(tmp_path, monkeypatch):
    make = "from w2v.io.temporary import temporary_folder\nwith temporary_folder() as folder:\n"
    killed = KILLED.format(code=make + "    open(folder + '/copy', 'w').write('much')")
    here = {**os.environ, "TMPDIR": str(tmp_path)}
    (tmp_path / "w2v-run-foreign_").mkdir()  # without a lock: not ours, or just being made
    assert run_python(killed, tmp_path, env=here) == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 2
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with temporary.temporary_folder() as folder:
        assert len(os.listdir(tmp_path)) == 2
        assert run_python(make + "    pass", tmp_path, env=here) == 0
        assert os.path.isdir(folder)
    assert os.listdir(tmp_path) == ["w2v-run-foreign_"]


@posix_only
def test_what_replaces_a_private_file_is_private_from_the_beginning(tmp_path):
    path = tmp_path / "file"
    path.write_text("secret")
    path.chmod(0o600)
    with atomic_write(path) as new:
        assert stat.S_IMODE(os.stat(new).st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix_only
def test_the_superuser_keeps_the_owner_of_a_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")
    given = []
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    monkeypatch.setattr(os, "chown", lambda name, uid, gid: given.append((name, uid, gid)))
    with atomic_write(path) as new:
        pass
    assert given == [(new, path.stat().st_uid, path.stat().st_gid)]


@posix_only
def test_replacing_follows_a_link_and_keeps_it(tmp_path):
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "file"
    for link in (tmp_path / "link", tmp_path / "dangling"):
        link.symlink_to(target)
        with atomic_write(link) as temporary, open(temporary, "w") as file:
            file.write(link.name)
        assert link.is_symlink()
        assert target.read_text() == link.name
        target.unlink()


@posix_only
def test_replacing_keeps_permissions_and_honours_the_umask(tmp_path):
    path = tmp_path / "file"
    old = os.umask(0o027)
    try:
        with atomic_write(path):
            pass
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        with atomic_write(path):
            pass
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(old)


def test_replacing_names_a_missing_directory(tmp_path):
    path = tmp_path / "missing" / "file"
    with pytest.raises(FileNotFoundError, match="directory does not exist; create it") as caught:
        atomic_write(path).__enter__()
    assert caught.value.filename == str(path)


@posix_only
def test_replacing_names_a_directory_that_is_a_file(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(NotADirectoryError, match="choose another path"):
        atomic_write(tmp_path / "a" / "file").__enter__()


def test_replacing_refuses_a_directory(tmp_path):
    with pytest.raises(IsADirectoryError, match="expected the name of a file") as caught:
        atomic_write(tmp_path).__enter__()
    assert caught.value.filename == str(tmp_path)


def test_replacing_respects_a_protected_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o444)
    if os.access(path, os.W_OK):  # the superuser may write everywhere
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="check the permissions") as caught:
        atomic_write(path).__enter__()
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    path.chmod(0o644)


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_replacing_survives_failures_of_the_system(tmp_path, monkeypatch, call):
    path = tmp_path / "file"
    path.write_text("old")

    def fail(*args):
        raise PermissionError(errno.EACCES, "Permission denied", args[0])

    def attempt():
        with atomic_write(path) as temporary:
            # fsync is given a number, not a name
            assert os.path.exists(temporary)

    if call == "fsync":
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        monkeypatch.setattr(os, "fsync", lambda number: (_ for _ in ()).throw(full))
    else:
        monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="the path was left unchanged") as caught:
        attempt()
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


@posix_only
def test_a_full_disk_leaves_the_old_file(tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "vectors"
    wv = KeyedVectors([f"w{i}" for i in range(5000)], np.ones((5000, 10), np.float32))
    wv.save(path)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    writers = (wv.save, wv.save_word2vec_format)
    for writer in writers:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        try:
            with pytest.raises(OSError, match="the path was left unchanged") as caught:
                writer(path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert caught.value.errno == errno.EFBIG
        assert caught.value.filename == str(path)
        assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["vectors"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_devices_are_written_to_and_not_replaced():
    wv = KeyedVectors(WORDS, VECTORS)
    wv.save_word2vec_format("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(OSError, match="free some space") as caught:
        wv.save_word2vec_format("/dev/full")
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == "/dev/full"


@posix_only
def test_a_name_of_the_greatest_length_can_be_written(tmp_path):
    path = tmp_path / ("n" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    with atomic_write(path):
        pass
    assert path.exists()


# ---- Our own format ----


def packed(vectors=VECTORS, counts=COUNTS):
    return {"vectors": vectors, "counts": counts, **word_tensors(WORDS)}


def model_tensors():
    return packed() | {"output_vectors": VECTORS + 1, "node_vectors": VECTORS[1:]}


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("view", [VECTORS, padded(VECTORS), np.asfortranarray(VECTORS)])
def test_native_round_trip(tmp_path, mmap, view):
    path = tmp_path / "file"
    safetensors_file.write(path, packed(view), {"format": "w2v.vectors", "note": 'ä "quoted"'})
    tensors, metadata = safetensors_file.read(path, kind=("w2v.vectors",), mmap=mmap)
    assert metadata == {
        "format": "w2v.vectors",
        "format_version": "1",
        "w2v_version": w2v.__version__,
        "note": 'ä "quoted"',
    }
    assert set(tensors) == {"vectors", "counts", "words", "word_offsets"}
    assert same_bits(tensors["vectors"], VECTORS)
    assert same_bits(tensors["counts"], COUNTS.astype(np.int64))
    assert unpack_words(tensors) == WORDS
    for array in tensors.values():
        assert array.flags.aligned
        assert array.flags.writeable is not mmap
    assert tensors["vectors"].ctypes.data % 64 == 0


def test_native_padded_rows_longer_than_a_piece(tmp_path):
    vectors = np.random.default_rng(1).standard_normal((30_000, 20), np.float32)
    tensors = {
        "vectors": padded(vectors, 32),
        **word_tensors(list(map(str, range(30_000)))),
    }
    safetensors_file.write(tmp_path / "file", tensors, {"format": "w2v.vectors"})
    read, _ = safetensors_file.read(tmp_path / "file", kind=("w2v.vectors",))
    assert same_bits(read["vectors"], vectors)


def test_native_golden_bytes(tmp_path):
    path = tmp_path / "file"
    metadata = {"format": "w2v.vectors", "w2v_version": "0"}
    tensors = {"vectors": np.array([[1, -2]], np.float32), **word_tensors(["hé"])}
    safetensors_file.write(path, tensors, metadata)
    header = (
        b'{"__metadata__":{"format_version":"1","w2v_version":"0","format":"w2v.vectors"},'
        b'"word_offsets":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},'
        b'"vectors":{"dtype":"F32","shape":[1,2],"data_offsets":[16,24]},'
        b'"words":{"dtype":"U8","shape":[3],"data_offsets":[24,27]}}'
    )
    data = (
        b"\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00"
        b"\x00\x00\x80\x3f\x00\x00\x00\xc0"
        b"h\xc3\xa9"
    )
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    assert content[8 : 8 + length].rstrip(b" ") == header
    assert content[8 + length :] == data
    assert (8 + length + 16) % 64 == 0  # "vectors" starts on a line


def test_the_safetensors_library_reads_our_files(tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import load_file

    path = tmp_path / "file"
    safetensors_file.write(
        path, model_tensors() | {"vectors": padded(VECTORS)}, {"format": "w2v.model"}
    )
    loaded = load_file(path)
    matrices = {"vectors": VECTORS, "output_vectors": VECTORS + 1, "node_vectors": VECTORS[1:]}
    assert set(loaded) == {*matrices, "counts", "words", "word_offsets"}
    for name, matrix in matrices.items():
        assert same_bits(loaded[name], matrix)
    with safe_open(path, framework="numpy") as file:
        assert file.metadata()["format"] == "w2v.model"


def test_we_read_what_the_safetensors_library_writes(tmp_path):
    from safetensors.numpy import save_file

    metadata = {"format": "w2v.vectors", "format_version": "1"}
    for words in (WORDS, ["a", "bc", "d"]):  # word bytes of any number, so of any alignment
        tensors = packed() | word_tensors(words)
        save_file(tensors, tmp_path / "file", metadata)
        for mmap in (False, True):
            read, _ = safetensors_file.read(tmp_path / "file", kind=("w2v.vectors",), mmap=mmap)
            assert same_bits(read["vectors"], VECTORS)
            assert read["vectors"].flags.aligned
            assert unpack_words(read) == words


def test_native_reads_only_what_is_wanted(tmp_path):
    safetensors_file.write(tmp_path / "file", model_tensors(), {"format": "w2v.model"})
    read, _ = safetensors_file.read(
        tmp_path / "file", kind=("w2v.model",), only=("vectors", "missing")
    )
    assert set(read) == {"vectors"}


def test_a_mapped_file_may_be_replaced(tmp_path):
    path = tmp_path / "file"
    KeyedVectors(WORDS, VECTORS).save(path)
    mapped = KeyedVectors.load(path, mmap=True)
    if sys.platform != "win32":
        KeyedVectors(WORDS, VECTORS + 1).save(path)
        assert same_bits(mapped.vectors, VECTORS)
        mapped.save(path)
    assert same_bits(KeyedVectors.load(path).vectors, VECTORS)


@pytest.mark.parametrize(
    "words", [[], [""], ["", "a", ""], ["a b", "\n", "\0"], ["\ud800", "𝄞", "é", "e\u0301"]]
)
def test_pack_words_keeps_every_word(words):
    tensors = word_tensors(words)
    assert tensors["words"].dtype == np.uint8
    assert tensors["word_offsets"].dtype == np.int64
    assert unpack_words(tensors) == words


def test_unpack_words_names_the_file_and_the_word():
    tensors = {"words": np.frombuffer(b"a\xff", np.uint8), "word_offsets": np.array([0, 1, 2])}
    with pytest.raises(ValueError, match=r"some/file: word 1 is not UTF-8 \(b'\\xff'\)"):
        unpack_words(tensors, "some/file")


@pytest.mark.parametrize(
    ("tensors", "metadata", "message"),
    [
        ({}, {}, r"metadata\['format'\] is None: expected one of"),
        ({}, {"format": "w2v.model", "n": 5}, r"metadata\['n'\] is 5: expected a string"),
        ({"x": np.zeros(2, ">f4")}, {"format": "w2v.model"}, "tensor 'x' has dtype >f4"),
        ({"x": np.zeros(2, complex)}, {"format": "w2v.model"}, "complex128: expected one of"),
    ],
)
def test_native_write_refuses(tmp_path, tensors, metadata, message):
    with pytest.raises(ValueError, match=message):
        safetensors_file.write(tmp_path / "file", tensors, metadata)
    assert os.listdir(tmp_path) == []


# ---- Broken and foreign files for load() ----


def good_file(path, **changes):
    tensors = packed() | changes
    tensors = {name: array for name, array in tensors.items() if array is not None}
    safetensors_file.write(path, tensors, {"format": "w2v.vectors"})
    return path.read_bytes()


def with_header(content, change):
    """Return a file's content with its header changed by a function."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    encoded = json.dumps(header).encode()
    return len(encoded).to_bytes(8, "little") + encoded + content[8 + length :]


def refused(path, content, message, **options):
    """Check that load() refuses the content, naming the file."""
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        KeyedVectors.load(path, **options)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("mmap", [False, True])
def test_load_refuses_every_truncation(tmp_path, mmap):
    content = good_file(tmp_path / "file")
    KeyedVectors.load(tmp_path / "file", mmap=mmap)
    for length in range(len(content)):
        if length == 0:
            message = "the file is empty"
        elif length < 10:
            message = "expected a w2v file"
        else:
            message = "truncated or corrupt"
        refused(tmp_path / "file", content[:length], message, mmap=mmap)


def test_load_refuses_trailing_bytes(tmp_path):
    refused(tmp_path / "file", good_file(tmp_path / "file") + b"x", "truncated or corrupt")


def test_load_refuses_a_huge_header_without_reading_it(tmp_path):
    for length in (2**63, 2**40, 500):
        content = length.to_bytes(8, "little") + b'{"a":1}' + b" " * 100
        refused(tmp_path / "file", content, rf"length field says {length:,} bytes, .* only 115")


def test_load_refuses_huge_tensors_without_allocating(tmp_path):
    content = good_file(tmp_path / "file")

    def huge(header):
        header["vectors"]["shape"] = [2**40, 2]
        header["vectors"]["data_offsets"][1] = header["vectors"]["data_offsets"][0] + 2**43

    def overflowing(header):
        header["vectors"]["shape"] = [2**62, 2**62]

    for change in (huge, overflowing):
        refused(tmp_path / "file", with_header(content, change), "truncated or corrupt")


def test_load_refuses_damaged_headers(tmp_path):
    content = good_file(tmp_path / "file")
    length = int.from_bytes(content[:8], "little")
    for damaged in (content[:8] + b"{" * length, content[:8] + b"{" + b"\xff" * (length - 1)):
        refused(tmp_path / "file", damaged + content[8 + length :], "truncated or corrupt")


def test_load_names_a_missing_tensor(tmp_path):
    for name in ("vectors", "words", "word_offsets"):
        content = good_file(tmp_path / "file", **{name: None})
        refused(tmp_path / "file", content, f"tensor '{name}' is missing")


def test_a_model_names_a_missing_tensor(tmp_path):
    path = tmp_path / "file"
    for name in ("vectors", "words", "word_offsets", "counts"):
        tensors = {key: array for key, array in model_tensors().items() if key != name}
        safetensors_file.write(path, tensors, {"format": "w2v.model"})
        with pytest.raises(ValueError, match=f"tensor '{name}' is missing") as caught:
            safetensors_file.read(path, kind=("w2v.model",))
        assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vectors": VECTORS.astype(float)}, r"'vectors' is F64 .* expected F32 with 2 axes"),
        ({"vectors": VECTORS[0]}, r"'vectors' is F32 with shape \[2\], expected F32 with 2"),
        ({"vectors": VECTORS[:, :0]}, r"'vectors' has shape \[3, 0\], expected \[3, 1\]"),
        ({"vectors": VECTORS[:2]}, r"'word_offsets' has shape \[4\], expected \[3\]"),
        ({"counts": COUNTS[:2]}, r"'counts' has shape \[2\], expected \[3\]"),
        ({"output_vectors": VECTORS[:2]}, r"'output_vectors' has shape \[2, 2\], expected \[3, 2"),
        ({"node_vectors": VECTORS}, r"'node_vectors' has shape \[3, 2\], expected \[2, 2\]"),
        (
            {"node_vectors": VECTORS[:2, :1]},
            r"'node_vectors' has shape \[2, 1\], expected \[2, 2\]",
        ),
        ({"node_vectors": COUNTS}, r"'node_vectors' is I64 .* expected F32 with 2 axes"),
        ({"word_offsets": np.array([0, 9, 3, 13])}, "do not rise from 0 to 13"),
        ({"word_offsets": np.array([0, 3, 9, 12])}, "do not rise from 0 to 13"),
        ({"word_offsets": np.array([1, 3, 9, 13])}, "do not rise from 0 to 13"),
        ({"word_offsets": np.array([0, 3, 8, 13])}, "word 1 is not UTF-8"),
        (word_tensors(["a", "b", "a"]), "duplicate word 'a' in rows 0 and 2"),
    ],
)
def test_load_refuses_tensors_that_do_not_fit(tmp_path, changes, message):
    refused(tmp_path / "file", good_file(tmp_path / "file", **changes), message)


def test_load_refuses_types_it_does_not_know(tmp_path):
    content = good_file(tmp_path / "file", extra=np.zeros(2, np.uint8))
    content = with_header(content, lambda header: header["extra"].update(dtype="BOOL"))
    refused(
        tmp_path / "file", content, r"'extra' is BOOL with shape \[2\], expected one of \['F16'"
    )


@pytest.mark.parametrize("version", ["3", "", "one"])
def test_load_refuses_newer_versions(tmp_path, version):
    path = tmp_path / "file"
    safetensors_file.write(path, packed(), {"format": "w2v.vectors", "format_version": version})
    refused(path, path.read_bytes(), f"format_version '{version}' .* upgrade w2v")


def test_load_refuses_other_peoples_safetensors(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "file"
    save_file({f"layer{i}": VECTORS for i in range(7)}, path)
    refused(path, path.read_bytes(), r"not written by w2v: .* layer0, .*, layer4, \.\.\.")
    save_file({"weight": VECTORS}, path, {"format": "pt"})
    refused(path, path.read_bytes(), "have format 'pt', .* its tensors are: weight")


def test_a_file_of_the_other_kind_is_named(tmp_path):
    path = tmp_path / "file"
    KeyedVectors(WORDS, VECTORS).save(path)
    message = (
        r"contains word vectors \(w2v.vectors\), expected a whole model .* KeyedVectors.load\(\)"
    )
    with pytest.raises(ValueError, match=message) as caught:
        safetensors_file.read(path, kind=("w2v.model",))
    assert str(path) in str(caught.value)
    safetensors_file.write(path, model_tensors(), {"format": "w2v.model"})
    with pytest.raises(ValueError, match=r"contains a whole model .* Word2Vec.load\(\)"):
        safetensors_file.read(path, kind=("w2v.vectors",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"{", "this looks like text"),
        (b"Once upon a time", "this looks like text that begins b'Once upon a time'"),
        (bytes(range(20)), "the format is unknown"),
        (pickle.dumps({"a": 1}, protocol=4), r"Python pickle.*KeyedVectors.read\(path\)"),
        (pickle.dumps({"a": 1}, protocol=2), "Python pickle"),
        (b"\x1f\x8b\x08\x00" + b"x" * 20, "gzip data; decompress it first"),
        (b"BZh9" + b"x" * 20, "bzip2"),
        (b"\xfd7zXZ\x00" + b"x" * 20, "xz data"),
        (b"\x28\xb5\x2f\xfd" + b"x" * 20, "zstandard"),
        (b"PK\x03\x04" + b"x" * 20, "zip archive"),
        (b"\x93NUMPY" + b"x" * 20, r"numpy\.load"),
        (b"\x89HDF\r\n\x1a\n" + b"x" * 20, "HDF5"),
        (b"\xba\x16\x4f\x2f" + b"x" * 20, "fastText"),
        (b"2 2\na 1 2\nb 3 4\n", r"load_word2vec_format\(path, binary=False\)"),
        (b"1 2\na \0\0\0\0\0\0\0\0\n", r"load_word2vec_format\(path, binary=True\)"),
    ],
)
def test_load_recognizes_foreign_files(tmp_path, content, message):
    refused(tmp_path / "file", content, message)


def test_loading_a_missing_file_or_a_directory(tmp_path):
    for load in (KeyedVectors.load, KeyedVectors.load_word2vec_format):
        with pytest.raises(FileNotFoundError, match="missing"):
            load(tmp_path / "missing")
        with pytest.raises(OSError, match=tmp_path.name):
            load(tmp_path)


# ---- word2vec's formats ----

# Written down by hand from word2vec.c's and gensim's code: 1.0, -0.5 and 2.5, 0.1 as float32.
C_BINARY = (
    b"2 2\nking \x00\x00\x80\x3f\x00\x00\x00\xbf\n\xe7\x8e\x8b \x00\x00\x20\x40\xcd\xcc\xcc\x3d\n"
)
GENSIM_BINARY = (
    b"2 2\nking \x00\x00\x80\x3f\x00\x00\x00\xbf\xe7\x8e\x8b \x00\x00\x20\x40\xcd\xcc\xcc\x3d"
)
C_TEXT = "2 2\nking 1.000000 -0.500000 \n王 2.500000 0.100000 \n".encode()
GENSIM_TEXT = "2 2\nking 1.0 -0.5\n王 2.5 0.1\n".encode()
GOLDEN_WORDS = ["king", "王"]
GOLDEN_VECTORS = np.array([[1, -0.5], [2.5, 0.1]], np.float32)


@pytest.mark.parametrize("view", [GOLDEN_VECTORS, padded(GOLDEN_VECTORS)])
@pytest.mark.parametrize(("binary", "content"), [(True, C_BINARY), (False, GENSIM_TEXT)])
def test_word2vec_golden_bytes_written(tmp_path, binary, content, view):
    word2vec_format.write(tmp_path / "file", GOLDEN_WORDS, view, binary=binary)
    assert (tmp_path / "file").read_bytes() == content


@pytest.mark.parametrize(
    ("binary", "content"),
    [
        (True, C_BINARY),
        (True, GENSIM_BINARY),
        (False, C_TEXT),
        (False, GENSIM_TEXT),
        (False, GENSIM_TEXT.rstrip()),
        (False, GENSIM_TEXT + b"\n \n"),
        (False, GENSIM_TEXT.replace(b"\n", b"\r\n")),
        (False, GENSIM_TEXT.replace(b" ", b"\t")),
    ],
)
def test_word2vec_golden_bytes_read(tmp_path, binary, content):
    (tmp_path / "file").write_bytes(content)
    words, vectors = word2vec_format.read(tmp_path / "file", binary=binary)
    assert words == GOLDEN_WORDS
    assert same_bits(vectors, GOLDEN_VECTORS)
    assert vectors.flags.writeable
    assert vectors.ctypes.data % 64 == 0


@pytest.mark.parametrize("dimensions", [1, 7, 100, 40_000])
@pytest.mark.parametrize("binary", [False, True])
def test_word2vec_round_trip_is_exact(tmp_path, binary, dimensions):
    rows = 1000 if dimensions < 200 else 2
    random = np.random.default_rng(dimensions)
    vectors = random.standard_normal((rows, dimensions)).astype(np.float32)
    vectors[1] = random.integers(0, 2**32, dimensions, np.uint32).view(np.float32)
    vectors[1][np.isnan(vectors[1])] = 0
    words = [f"w{i}" for i in range(rows)]
    word2vec_format.write(tmp_path / "file", words, padded(vectors, dimensions + 3), binary=binary)
    read_words, read_vectors = word2vec_format.read(tmp_path / "file", binary=binary)
    assert read_words == words
    assert same_bits(read_vectors, vectors)


@pytest.mark.parametrize("binary", [False, True])
def test_infinity_and_nan_are_numbers(tmp_path, binary):
    vectors = np.array([[np.inf, -np.inf, np.nan, 0]], np.float32)
    word2vec_format.write(tmp_path / "file", ["a"], vectors, binary=binary)
    np.testing.assert_array_equal(
        word2vec_format.read(tmp_path / "file", binary=binary)[1], vectors
    )


def rows_as_text(rows):
    """Return each row's numbers as text, as they stand in a line."""
    words, ends = b"", np.zeros(len(rows), np.int64)
    out = np.empty(rows.size * 16 + len(rows), np.uint8)
    end = _vector_text.format_rows(rows, words, ends, out, word2vec_format._format_float_slow)
    return out[:end].tobytes().splitlines()


def canonical(text):
    """Return a decimal's digits without zeros at the ends, its power of ten, and its sign."""
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    power = int(exponent or 0) - len(fraction) + len(digits) if digits else 0
    return digits.rstrip("0"), power, text.startswith("-")


def test_canonical_tells_numbers_apart():
    assert canonical("0.0012") == canonical("1.2e-03") == canonical("1.20E-3")
    assert canonical("0.0012") != canonical("0.012")
    assert canonical("0.0012") != canonical("-0.0012")
    assert canonical("0.0012") != canonical("0.00120001")


def test_decimals_are_the_shortest_that_read_back():
    random = np.random.default_rng(7)
    powers = np.float32(2) ** np.arange(-149, 128, dtype=np.float32)
    values = np.concatenate(
        [
            random.standard_normal(20_000).astype(np.float32) * np.float32(0.3),
            random.integers(0, 2**32, 5_000, np.uint32).view(np.float32),
            (random.integers(0, 10_000, 5_000) / 1000).astype(np.float32),
            # Six digits just above a power of two and below one of ten: where the spacing of
            # float32 is widest against that of decimals, so that too many digits would show.
            (np.arange(976_563, 1_000_000) / 1e9).astype(np.float32),
            powers,
            np.nextafter(powers, np.float32(0)),
            np.nextafter(powers, np.float32(np.inf)),
            np.array([0, -0.0, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 9.999999, 1e8, 99999992], np.float32),
        ]
    )
    values = values[np.isfinite(values)]
    texts = [text.decode() for text in rows_as_text(values[:, None])]
    assert all(text[0] == " " and 1 < len(text) <= 16 for text in texts)
    assert same_bits(np.array([np.float32(text) for text in texts]), values)
    differ = [
        text
        for text, value in zip(texts, values, strict=True)
        if canonical(text[1:]) != canonical(np.format_float_scientific(value, unique=True))
    ]
    assert differ == []


def test_decimals_look_as_people_expect():
    row = np.array([[1, -0.5, 0.1, 0, 1e-4, 3e-5, 12.5, 1e8, np.nan, -np.inf]], np.float32)
    text = b" 1.0 -0.5 0.1 0.0 0.0001 3e-05 12.5 1e+08 nan -inf"
    assert rows_as_text(row) == [text]
    minus = b" -1.0 0.5 -0.1 -0.0 -0.0001 -3e-05 -12.5 -1e+08 nan inf"
    assert rows_as_text(np.vstack([row, -row])) == [text, minus]


@pytest.mark.parametrize("binary", [False, True])
def test_limit(tmp_path, binary):
    path = tmp_path / "file"
    word2vec_format.write(path, WORDS, VECTORS, binary=binary)
    words, vectors = word2vec_format.read(path, binary=binary, limit=2)
    assert words == WORDS[:2]
    assert same_bits(vectors, VECTORS[:2])
    assert word2vec_format.read(path, binary=binary, limit=99)[0] == WORDS
    # What is beyond the limit may be missing.
    path.write_bytes(path.read_bytes()[:-3])
    assert word2vec_format.read(path, binary=binary, limit=2)[0] == WORDS[:2]
    with pytest.raises(ValueError, match="limit=0: expected an integer of at least 1"):
        word2vec_format.read(path, binary=binary, limit=0)


@pytest.mark.parametrize("binary", [False, True])
def test_words_that_are_not_utf8(tmp_path, binary):
    path = tmp_path / "file"
    content = C_BINARY if binary else C_TEXT
    path.write_bytes(content.replace(b"\xe7\x8e\x8b", b"a\xe7\x8e"))
    where = "row 1" if binary else "line 3"
    offset = path.read_bytes().index(b"\xe7")
    message = rf"word in {where} is not UTF-8: byte 0xe7 at offset {offset} .* errors='replace'"
    with pytest.raises(ValueError, match=message) as caught:
        word2vec_format.read(path, binary=binary)
    assert str(caught.value).startswith(f"{path}: ")
    assert word2vec_format.read(path, binary=binary, errors="replace")[0] == ["king", "a\ufffd"]
    assert word2vec_format.read(path, binary=binary, errors="ignore")[0] == ["king", "a"]
    with pytest.raises(ValueError, match="errors='ascii': expected one of 'strict', 'replace'"):
        word2vec_format.read(path, binary=binary, errors="ascii")


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("", r"word '' \(row 1\) is empty"),
        ("New York", r"word 'New York' \(row 1\) contains white space"),
        ("a\n", "contains white space"),
        (" a", "contains white space"),
        ("\t", "contains white space"),
        ("\ud800", "is not valid Unicode"),
    ],
)
def test_words_the_format_cannot_hold(tmp_path, binary, word, message):
    wv = KeyedVectors(["a", word], np.ones((2, 2), np.float32))
    with pytest.raises(ValueError, match=rf"{message}.*save\(\), which keeps every word"):
        wv.save_word2vec_format(tmp_path / "file", binary=binary)
    assert os.listdir(tmp_path) == []
    wv.save(tmp_path / "file")
    assert KeyedVectors.load(tmp_path / "file").index_to_key == ["a", word]


@pytest.mark.parametrize("binary", [False, True])
def test_words_with_unusual_characters_are_kept(tmp_path, binary):
    words = ["a\u00a0b", "\u3000", "\ufeffx", "\u2028", "1.5", "</s>", "𝄞", "a\0b", "\x85"]
    word2vec_format.write(
        tmp_path / "file", words, np.ones((len(words), 3), np.float32), binary=binary
    )
    assert word2vec_format.read(tmp_path / "file", binary=binary)[0] == words


def test_there_must_be_something_to_write(tmp_path):
    with pytest.raises(ValueError, match="nothing to write"):
        word2vec_format.write(tmp_path / "file", [], np.ones((0, 2), np.float32))


@pytest.mark.parametrize(
    ("binary", "content", "message"),
    [
        (None, b"", "expected a header .* the file is empty"),
        (None, b"king 1.0 2.0\n", "expected a header .* begins b'king 1.0"),
        (None, b"2 2 2\n", "expected a header with the numbers"),
        (None, b"9" * 300 + b" 2\n", "expected a header with the numbers"),
        (None, b"\x1f\x8b\x08" + b"x" * 20, "truncated or corrupt gzip data"),
        (None, pickle.dumps([1], protocol=4), "Python pickle"),
        (None, b"0 100\n", "declares 0 words with 100 dimensions, expected at least 1"),
        (None, b"100 0\n", "declares 100 words with 0 dimensions, expected at least 1"),
        (None, b"-5 100\n", "declares -5 words"),
        (None, b"5 -100\n", "with -100 dimensions"),
        (None, b"1000000000000 300\na 1\n", r"declares 1,000,000,000,000 words .* the file has 22"),
        (
            None,
            b"1 99999999999999999999\na 1\n",
            "declares 1 words with 99,999,999,999,999,999,999",
        ),
        (True, C_BINARY[:-2], "ends after 1 of the 2 words|truncated"),
        (True, GENSIM_BINARY[:-1], "truncated"),
        (True, b"2 1\nkingdom ABCDqueen", "ends after 1 of the 2 words"),
        (True, C_BINARY.replace(b"2 2", b"3 2"), "the file is truncated"),
        (True, C_BINARY.replace(b"2 2", b"1 2"), "unexpected [0-9]+ bytes after the 1 words"),
        (True, C_BINARY + b"\nmore", "5 unexpected [0-9]+ bytes after the 2 words|6 bytes"),
        (True, C_BINARY + b" " * 100, "unexpected [0-9]+ bytes after the 2 words"),
        (True, GENSIM_TEXT, r"is text \(b'king 1.0 -0.5'\), expected binary .* binary=False"),
        (True, b"2 2\na 0.5 1.0\nb 0.1 0.2\n", "binary=False"),
        (False, C_BINARY, "line 2 contains binary data, expected text; .* binary=True"),
        (False, GENSIM_BINARY, "line 2 contains binary data"),
        (False, b"1 1\na b\0c\n", "line 2 contains binary data"),
        (False, GENSIM_TEXT.replace(b"2 2", b"3 2"), "ends after 2 of the 3 words"),
        (False, GENSIM_TEXT.replace(b"2 2", b"1 2"), "unexpected data in line 3 after the 1 words"),
        (
            True,
            b"9 2\na 1 2\nb 3 4\n",
            "truncated or corrupt, or text; in that case read it with binary=False",
        ),
        (False, b"9 2\na \0\0\0\0\0\0\0\0", "truncated or corrupt, or binary; .* binary=True"),
        (False, b"9 2\na 1 2\nb 3 4\n", "need at least 54 bytes, .* has 16; the file is trunc"),
        (False, b"2 2\nlong 1 2\nb 3\n", r"line 3 has 2 fields, expected a word .* 2 numbers"),
        (False, b"2 2\nlong 1 2\nb 3", "line 3 has 2 fields.* the file may be truncated"),
        (False, b"2 2\nNew York 1 2\nb 3 4\n", "line 2 has 4 fields, .* begins b'New York 1 2"),
        (False, b"2 2\n\na 1 2\nb 3 4\n", "line 2 has 0 fields"),
        (False, b"2 2\na 1 2\nb 3 x4\n", "line 3: number 2 is b'x4', expected a decimal number"),
        (False, b"2 2\na 1 2\nb 1e39 4\n", "line 3: number 1 is b'1e39', .* fits float32"),
    ],
)
def test_load_word2vec_format_refuses(tmp_path, binary, content, message):
    path = tmp_path / "file"
    path.write_bytes(content)
    for flag in (False, True) if binary is None else (binary,):
        with pytest.raises(ValueError, match=message) as caught:
            KeyedVectors.load_word2vec_format(path, binary=flag)
        assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("binary", [False, True])
def test_every_truncation_of_a_word2vec_file_is_noticed(tmp_path, binary):
    path = tmp_path / "file"
    word2vec_format.write(path, ["one", "two"], np.full((2, 3), 0.5, np.float32), binary=binary)
    content = path.read_bytes()
    # A text whose last number is cut still is one: only a whole field or more is noticed.
    noticeable = len(content) - (1 if binary else len("0.5\n"))
    for length in range(noticeable):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=path.name):
            word2vec_format.read(path, binary=binary)


@pytest.mark.parametrize("binary", [False, True])
def test_a_word_that_stands_twice(tmp_path, binary):
    path = tmp_path / "file"
    word2vec_format.write(path, ["a", "b", "c", "b"], np.ones((4, 2), np.float32), binary=binary)
    message = "duplicate word 'b' in rows 1 and 3: remove or rename"
    with pytest.raises(ValueError, match=message) as caught:
        KeyedVectors.load_word2vec_format(path, binary=binary)
    assert str(caught.value).startswith(f"{path}: ")


def test_our_own_file_given_to_the_word2vec_loader(tmp_path):
    KeyedVectors(WORDS, VECTORS).save(tmp_path / "file")
    with pytest.raises(ValueError, match=r"safetensors file; use KeyedVectors.load\(\)"):
        KeyedVectors.load_word2vec_format(tmp_path / "file", binary=True)


def test_aligned_empty():
    for shape in ((0,), (3,), (5, 7), (0, 4)):
        array = aligned_empty(shape, np.float32)
        assert array.shape == shape
        assert array.dtype == np.float32
        assert array.size == 0 or array.ctypes.data % 64 == 0
        assert array.flags.writeable
        assert array.flags.c_contiguous


def test_recognize_does_not_call_every_brace_a_safetensors_file(tmp_path):
    (tmp_path / "file").write_bytes(b"12345678{ some text")
    assert "text" in describe_file(tmp_path / "file")


def test_no_temporary_file_stays_behind(tmp_path):
    wv = KeyedVectors(WORDS, VECTORS)
    wv.save(tmp_path / "a")
    wv.save_word2vec_format(tmp_path / "b")
    with contextlib.suppress(ValueError):
        KeyedVectors(["a b"], VECTORS[:1]).save_word2vec_format(tmp_path / "c")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]
