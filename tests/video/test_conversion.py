"""From file to file: times, sound, alpha and identity are kept; nothing is left half done."""

from __future__ import annotations

import json
import sys
import weakref
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from animeseg.errors import (
    BadVideoError,
    InterruptedJobError,
    MissingDependencyError,
    OptionError,
    OutOfMemoryError,
    OutputError,
    OutputExistsError,
)
from animeseg.instances import Note
from animeseg.options import OutputOptions, VideoOptions
from animeseg.video import FORMATS, convert
from animeseg.video.sequence_writing import TIMES_NAME
from animeseg.watch import Watch

av = pytest.importorskip("av", reason="videos need PyAV")

GREEN = OutputOptions(background="colour", background_colour="#00ff00")
PLAIN = VideoOptions(smooth=0, bridge=0)
TRANSPARENT = ("webm", "prores", "apng", "webp")


def named(name):
    return f"out{FORMATS[name].suffixes[0]}"


@pytest.fixture
def source(tmp_path, film, tools):
    return tools.write(tmp_path / "in.mp4", film, sound="aac")


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


# ---------------------------------------------------------------- times
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "png"])
def test_times_of_frames_are_kept(tmp_path, source, film, tools, name):
    done = convert(source, tmp_path / named(name), film.segmenter(), output=GREEN, video=PLAIN)
    made, given = tools.read(done.path), tools.read(source)
    assert len(made.frames) == len(given.frames) == done.frames
    assert made.seconds == pytest.approx(given.seconds, abs=0.0011)
    if name in ("mp4", "prores"):
        assert made.clip.rate == given.clip.rate


@pytest.mark.parametrize("name", ["mp4", "webm", "prores", "apng", "webp"])
def test_a_variable_frame_rate_stays_variable(tmp_path, film, tools, name):
    steps = np.cumsum([0, 500, 2500, 1000, 1000, 9000, 700, 800, 1001, 3000, 400, 1000, 1000, 600])
    source = tools.write(tmp_path / "in.mp4", film, times=steps.tolist())
    done = convert(source, tmp_path / named(name), film.segmenter(), output=GREEN, video=PLAIN)
    made = tools.read(done.path)
    assert made.seconds == pytest.approx((steps / 24000).tolist(), abs=0.0011)


def test_the_times_of_a_sequence_are_in_a_file(tmp_path, source, film, tools):
    done = convert(source, tmp_path / "out", film.segmenter(), format_name="png", video=PLAIN)
    assert listing(done.path) == [f"frame-{n:06}.png" for n in range(1, 15)] + [TIMES_NAME]
    times = (done.path / TIMES_NAME).read_text().splitlines()
    assert times[0] == "# timestamp format v2"
    assert [float(line) / 1000 for line in times[1:]] == pytest.approx(tools.read(source).seconds)


@pytest.mark.parametrize("name", ["apng", "webp"])
def test_an_animation_begins_at_once_whenever_the_video_begins(tmp_path, film, tools, name):
    times = [48_000 + 1001 * number for number in range(14)]
    source = tools.write(tmp_path / "in.mkv", film, times=times)
    assert tools.read(source).seconds[0] == pytest.approx(2, abs=0.002)
    done = convert(source, tmp_path / named(name), film.segmenter(), output=GREEN, video=PLAIN)
    made = tools.read(done.path)
    assert made.seconds[:2] == pytest.approx([0, 1001 / 24000], abs=0.0011)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "png"])
def test_what_is_shown_keeps_its_proportions_where_pixels_are_not_square(
    tmp_path, film, tools, name
):
    source = tools.write(tmp_path / "in.mp4", film, aspect=Fraction(32, 27))
    done = convert(source, tmp_path / named(name), film.segmenter(), output=GREEN, video=PLAIN)
    clip = tools.read(done.path).clip
    height, width = clip.size
    assert width * float(clip.aspect) / height == pytest.approx(128 * 32 / 27 / 96, abs=0.01)


# ---------------------------------------------------------------- sound
@pytest.mark.parametrize("name", ["mp4", "prores"])
def test_sound_is_copied_bit_for_bit(tmp_path, source, film, tools, name):
    done = convert(source, tmp_path / named(name), film.segmenter(), output=GREEN, video=PLAIN)
    made, given = tools.read(done.path), tools.read(source)
    assert made.clip.sounds == ("aac",)
    assert [bytes(s.packet) for s in made.sounds] == [bytes(s.packet) for s in given.sounds]
    assert [s.packet.pts * s.packet.time_base for s in made.sounds] == [
        s.packet.pts * s.packet.time_base for s in given.sounds
    ]
    assert done.notes == ()


def test_sound_that_a_format_cannot_hold_is_encoded_anew(tmp_path, source, film):
    done = convert(source, tmp_path / "out.webm", film.segmenter(), video=PLAIN)
    assert [note.code for note, _ in done.notes] == ["sound_converted"]
    with av.open(str(done.path)) as made, av.open(str(source)) as given:
        heard = np.concatenate([f.to_ndarray() for f in made.decode(audio=0)], axis=1)
        meant = np.concatenate([f.to_ndarray() for f in given.decode(audio=0)], axis=1)
    assert heard.shape[1] == pytest.approx(meant.shape[1], abs=3000)
    spectrum = np.abs(np.fft.rfft(heard[0][4800:14400].astype(np.float64)))
    assert spectrum.argmax() * 48000 / 9600 == pytest.approx(440, abs=5)


@pytest.mark.parametrize("name", ["apng", "webp", "png"])
def test_formats_without_sound_say_that_it_is_left_out(tmp_path, source, film, name):
    done = convert(
        source, tmp_path / "out", film.segmenter(), format_name=name, output=GREEN, video=PLAIN
    )
    assert [note.code for note, _ in done.notes] == ["sound_left"]


def test_sound_can_be_left_out(tmp_path, source, film, tools):
    video = VideoOptions(smooth=0, bridge=0, audio=False)
    done = convert(source, tmp_path / "out.mp4", film.segmenter(), output=GREEN, video=video)
    assert tools.read(done.path).clip.sounds == ()
    assert done.notes == ()


# ---------------------------------------------------------------- pixels
@pytest.mark.parametrize("name", TRANSPARENT)
def test_alpha_survives_the_way_there_and_back(tmp_path, source, film, tools, name):
    video = VideoOptions(smooth=0, bridge=0, quality=95)
    made = tools.read(convert(source, tmp_path / named(name), film.segmenter(), video=video).path)
    for number in (0, 6, 13):
        seen = film.masks[number].any(axis=0)
        alpha = made.alphas[number]
        assert np.abs(alpha.astype(int) - seen * 255).mean() < 2
        inside = alpha > 250
        difference = np.abs(made.frames[number].astype(int) - film.frames[number])[inside]
        assert difference.mean() < 6


def test_what_is_not_seen_has_the_colours_of_the_figures_in_lossy_formats(
    tmp_path, source, film, tools
):
    made = tools.read(convert(source, tmp_path / "out.mov", film.segmenter(), video=PLAIN).path)
    hidden = made.alphas[5] == 0
    assert made.frames[5][hidden].mean() > 20, "black bleeds into the edges"


def test_the_background_can_be_a_colour(tmp_path, source, film, tools):
    done = convert(source, tmp_path / "out.mp4", film.segmenter(), output=GREEN, video=PLAIN)
    made = tools.read(done.path)
    for number in (0, 13):
        seen = film.masks[number].any(axis=0)
        behind = made.frames[number][~seen]
        assert np.abs(np.median(behind, axis=0) - (0, 255, 0)).max() < 6
        assert np.abs(made.frames[number].astype(int) - film.frames[number])[seen].mean() < 8


def test_the_background_can_be_blurred_or_a_picture(tmp_path, source, film, tools, rng):
    behind = rng.integers(0, 255, (20, 50, 3), np.uint8)
    for output, picture in (
        (OutputOptions(background="blur"), None),
        (OutputOptions(background="picture"), behind),
    ):
        done = convert(
            source,
            tmp_path / "out.mp4",
            film.segmenter(),
            output=output,
            behind=picture,
            video=PLAIN,
            overwrite=True,
        )
        assert tools.read(done.path).frames[0].std() > 5
    with pytest.raises(OptionError, match="no picture"):
        convert(source, tmp_path / "b.mp4", film.segmenter(), output=output, video=PLAIN)


def test_a_mask_video_is_white_where_figures_are(tmp_path, source, film, tools):
    video = VideoOptions(content="mask", smooth=0, bridge=0, quality=100)
    made = tools.read(convert(source, tmp_path / "out.mp4", film.segmenter(), video=video).path)
    assert np.array_equal(made.frames[4].mean(axis=2) > 127, film.masks[4].any(axis=0))


def test_identities_have_the_same_colour_in_every_frame(tmp_path, source, film):
    video = VideoOptions(content="identities", smooth=0, bridge=0)
    done = convert(source, tmp_path / "out", film.segmenter(), video=video, format_name="png")
    colours = [set(), set()]
    for number in range(14):
        shown = np.asarray(Image.open(done.path / f"frame-{number + 1:06}.png"))
        first, second = film.masks[number]
        for found, mask in ((colours[0], first & ~second), (colours[1], second)):
            if mask.any():
                found |= {tuple(pixel) for pixel in shown[mask]}
    assert [len(found) for found in colours] == [1, 1]
    assert colours[0] != colours[1]
    assert set(done.identities) == {1, 2}


def test_one_identity_can_be_kept(tmp_path, source, film):
    video = VideoOptions(content="mask", smooth=0, bridge=0, identities=("2",))
    done = convert(source, tmp_path / "out", film.segmenter(), video=video, format_name="png")
    shown = np.asarray(Image.open(done.path / "frame-000001.png"))
    assert np.array_equal(shown[:, :, 0] > 127, film.masks[0][1])
    assert set(done.identities) == {2}


def test_sides_of_odd_length_are_possible(tmp_path, figures, tools):
    odd = tools.Film(figures, 3, size=(97, 127))
    frames = [Image.fromarray(frame) for frame in odd.frames]
    frames[0].save(tmp_path / "in.webp", save_all=True, append_images=frames[1:], duration=50)
    for name in ("mp4", "webm", "prores", "webp", "apng"):
        done = convert(tmp_path / "in.webp", tmp_path / named(name), odd.segmenter(), output=GREEN)
        height, width = tools.read(done.path).clip.size
        assert (height, width) == ((98, 128) if name == "mp4" else (97, 127))


# ---------------------------------------------------------------- animations in
@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_keep_the_duration_of_every_frame(tmp_path, film, tools, kind):
    frames = [Image.fromarray(frame) for frame in film.frames]
    durations = [40, 120, 70, 70, 200] + [50] * 9
    path = tmp_path / f"in.{kind.lower()}"
    frames[0].save(path, kind, save_all=True, append_images=frames[1:], duration=durations)
    done = convert(path, tmp_path / "out.webp", film.segmenter(), video=PLAIN)
    assert done.frames == 14
    starts = np.cumsum([0, *durations[:-1]]) / 1000
    assert tools.read(done.path).seconds == pytest.approx(starts.tolist())


def test_alpha_of_an_animation_stays(tmp_path, film, tools):
    frames = [
        Image.fromarray(np.dstack((frame, np.where(np.arange(128) < 64, 255, 0)
                                   .astype(np.uint8)[None].repeat(96, 0))))
        for frame in film.frames
    ]  # fmt: skip
    frames[0].save(tmp_path / "in.png", save_all=True, append_images=frames[1:], duration=50)
    done = convert(tmp_path / "in.png", tmp_path / "out.apng", film.segmenter(), video=PLAIN)
    made = tools.read(done.path)
    for number in (0, 13):
        seen = film.masks[number].any(axis=0)
        seen[:, 64:] = False
        assert np.array_equal(made.alphas[number] > 127, seen)


def test_animations_to_pictures_need_no_av(tmp_path, film, monkeypatch):
    frames = [Image.fromarray(frame) for frame in film.frames]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:], duration=50)
    monkeypatch.setitem(sys.modules, "av", None)
    done = convert(tmp_path / "in.gif", tmp_path / "out", film.segmenter(), format_name="png")
    assert done.frames == 14
    with pytest.raises(MissingDependencyError, match=r"pip install .animeseg\[video\]"):
        convert(tmp_path / "in.gif", tmp_path / "out.webm", film.segmenter())
    assert listing(tmp_path) == ["in.gif", "out"]


# ---------------------------------------------------------------- what must not happen
def test_transparency_is_refused_where_it_cannot_be(tmp_path, source, film):
    with pytest.raises(OptionError, match="mp4 holds no transparency"):
        convert(source, tmp_path / "out.mp4", film.segmenter())
    assert listing(tmp_path) == ["in.mp4"]


def test_files_are_replaced_only_if_told(tmp_path, source, film):
    target = tmp_path / "out.webm"
    target.write_bytes(b"precious")
    with pytest.raises(OutputExistsError):
        convert(source, target, film.segmenter(), video=PLAIN)
    assert target.read_bytes() == b"precious"
    convert(source, target, film.segmenter(), video=PLAIN, overwrite=True)
    assert target.read_bytes() != b"precious"
    assert listing(tmp_path) == ["in.mp4", "out.webm"]


def test_a_directory_is_never_replaced(tmp_path, source, film):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "mine.png").write_bytes(b"precious")
    for overwrite in (False, True):
        with pytest.raises(OutputError):
            convert(source, folder, film.segmenter(), format_name="png", overwrite=overwrite)
    assert listing(folder) == ["mine.png"]


def test_the_source_is_never_written_to(tmp_path, source, film):
    before = source.read_bytes()
    with pytest.raises(OutputError, match="the video itself"):
        convert(source, source, film.segmenter(), output=GREEN, overwrite=True)
    assert source.read_bytes() == before


@pytest.mark.parametrize("name", ["mp4", "webm", "png"])
def test_an_interrupted_conversion_leaves_nothing(tmp_path, source, film, name):
    done = []
    watch = Watch(should_stop=lambda: len(done) > 4, progress=lambda n, of: done.append((n, of)))
    with pytest.raises(InterruptedJobError):
        convert(
            source,
            tmp_path / named(name),
            film.segmenter(),
            output=GREEN,
            record=tmp_path / "out.jsonl",
            watch=watch,
        )
    assert listing(tmp_path) == ["in.mp4"]
    assert done[0] == (1, 14)


@pytest.mark.parametrize(
    "error", [OutOfMemoryError("none left"), KeyboardInterrupt(), ValueError()]
)
def test_an_error_in_a_frame_leaves_nothing(tmp_path, source, film, error):
    segment, calls = film.segmenter(), []

    def failing(picture):
        calls.append(1)
        if len(calls) == 9:
            raise error
        return segment(picture)

    with pytest.raises(type(error)):
        convert(source, tmp_path / "out.webm", failing)
    assert listing(tmp_path) == ["in.mp4"]


def test_the_frames_in_memory_do_not_grow_with_the_length(tmp_path, figures, tools):
    long = tools.Film(figures, 60, speeds=(1, -1))
    source = tools.write(tmp_path / "in.mp4", long)
    segment, alive, most = long.segmenter(), [], []

    def counting(picture):
        alive.append(weakref.ref(picture))
        most.append(sum(ref() is not None for ref in alive))
        return segment(picture)

    video = VideoOptions(smooth=2, bridge=3)
    convert(source, tmp_path / "out.mp4", counting, output=GREEN, video=video)
    window = 2 * video.smooth + video.bridge + 3
    assert max(most) <= window
    assert max(most[40:]) == max(most[15:30])


@pytest.mark.parametrize(
    "content",
    [b"", b"plain text, no video", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n",
     b"ffconcat version 1.0\nfile in.mp4\n", b"\0\0\0\x18ftypmp42" + b"\0" * 500],
)  # fmt: skip
def test_what_is_no_video_is_refused(tmp_path, film, content):
    path = tmp_path / "bad.mp4"
    path.write_bytes(content)
    with pytest.raises(BadVideoError):
        convert(path, tmp_path / "out.webm", film.segmenter())
    assert listing(tmp_path) == ["bad.mp4"]


def test_a_single_picture_and_a_missing_file_are_refused(tmp_path, film):
    Image.fromarray(film.frames[0]).save(tmp_path / "one.png")
    for name, text in (("one.png", "single picture"), ("none.mp4", "cannot open")):
        with pytest.raises(BadVideoError, match=text):
            convert(tmp_path / name, tmp_path / "out.webm", film.segmenter())


def test_a_truncated_video_is_an_error_or_ends_early_but_is_whole(tmp_path, film, tools):
    source = tools.write(tmp_path / "in.mkv", film)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    try:
        done = convert(source, tmp_path / "out.webm", film.segmenter(), video=PLAIN)
    except BadVideoError:
        assert listing(tmp_path) == ["in.mkv"]
    else:
        assert len(tools.read(done.path).frames) == done.frames < 14


# ---------------------------------------------------------------- what is told
def test_the_record_has_a_line_for_every_frame(tmp_path, source, film):
    record = tmp_path / "out.jsonl"
    convert(source, tmp_path / "out.webm", film.segmenter(), video=PLAIN, record=record)
    lines = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    assert [line["frame"] for line in lines] == list(range(14))
    assert lines[3]["seconds"] == pytest.approx(3 * 1001 / 24000, abs=1e-6)
    assert [row["id"] for row in lines[3]["instances"]] == [1, 2]
    from animeseg.masks import decode_rle

    mask = decode_rle(lines[3]["instances"][0]["segmentation"])
    assert np.array_equal(mask, film.masks[3][0])


def test_notes_are_told_once_with_how_often(tmp_path, source, film):
    note = Note("edge_fallback", "edges were used")
    segment = film.segmenter(notes=(note,))
    done = convert(source, tmp_path / "out.webm", segment, video=VideoOptions(audio=False))
    assert done.notes == ((note, 14),)
