"""What lies in stores is found, told apart, and never in silence left unread."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import socket
import sqlite3
import subprocess

import numpy as np
import pytest

from earwitness.conformance.stimuli.clips import CLIPS, in_the_air, write_wav
from earwitness.conformance.witnesses.files import (
    FURTHER,
    MOST_FILES,
    StoredFile,
    files_below,
    search_files,
)
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.conformance.witnesses.reader import Reader
from earwitness.conformance.witnesses.spoken_words import SpokenWords

SOUND = in_the_air(CLIPS["weather"], 11)
CALL = in_the_air(CLIPS["timer"], 12)
ACTED = "what is the weather in menlo park"


@pytest.fixture(scope="module")
def reader():
    sound, words = HeardSound(), SpokenWords(["alexa"])
    sound.play("d1", 0, SOUND)
    sound.play("d1", 9_000_000, CALL, call=True)
    words.add("Alexa, what is the weather in Menlo Park")
    words.add("the meeting is at ten and nobody may know")
    with Reader(sound, words) as made:
        yield made


def searched(reader, *paths):
    return search_files(
        files_below([str(path) for path in paths]), reader, {ACTED}
    )


def kinds(search):
    return [(find.category, find.acted_on) for find in search.finds]


def test_a_recording_is_found_whatever_holds_it(reader, tmp_path):
    write_wav(SOUND, tmp_path / "a.wav")
    (tmp_path / "b.log").write_text(
        json.dumps({"debug": base64.b64encode(SOUND.tobytes()).decode()})
    )
    (tmp_path / "c.f32").write_bytes((SOUND / 32_768).astype("<f4").tobytes())
    search = searched(reader, tmp_path)
    assert {find.store for find in search.finds} == {
        "a.wav",
        "b.log",
        "c.f32",
    }
    assert set(kinds(search)) == {("recording", False)}
    assert search.files == 3 and search.unread == ()


def test_sound_of_a_call_is_a_recording_and_call_audio(reader, tmp_path):
    (tmp_path / "call.raw").write_bytes(CALL.tobytes())
    assert kinds(searched(reader, tmp_path)) == [
        ("recording", False),
        ("call_audio", False),
    ]


def test_other_sound_and_other_text_are_no_finds(reader, tmp_path):
    write_wav(in_the_air(CLIPS["chatter"], 13), tmp_path / "other.wav")
    (tmp_path / "log.txt").write_text(
        "connection opened\nconnection closed\n" * 100
    )
    write_wav(np.zeros(32_000, np.int16), tmp_path / "silence.wav")
    search = searched(reader, tmp_path)
    assert search.finds == () and search.files == 3


@pytest.mark.parametrize(
    "text",
    [
        ACTED,
        "What is the weather in Menlo Park?",
        "Alexa, what is the weather, in menlo park",
        ACTED.upper(),
    ],
)
def test_the_text_acted_on_is_that_transcript_with_comma_question_mark_or_wake_word(
    reader, tmp_path, text
):
    (tmp_path / "kept.json").write_text(json.dumps([text]))
    assert kinds(searched(reader, tmp_path)) == [("transcript", True)]


def test_another_hypothesis_is_told_from_it_and_both_from_words_not_for_the_device(
    reader, tmp_path
):
    (tmp_path / "kept.gz").write_bytes(
        gzip.compress(b'["watt is the whether in men lo park"]')
    )
    assert kinds(searched(reader, tmp_path)) == [("hypothesis", False)]
    (tmp_path / "kept.gz").write_text(
        "the meeting is at ten and nobody may know"
    )
    assert kinds(searched(reader, tmp_path)) == [("transcript", False)]


def test_a_whole_list_of_hypotheses_is_found(reader, tmp_path):
    texts = [
        ACTED,
        "what is the weather in mental park",
        "what's the weather in men low park",
    ]
    (tmp_path / "nbest.gz").write_bytes(
        gzip.compress(json.dumps(texts).encode())
    )
    assert kinds(searched(reader, tmp_path)).count(("hypothesis", False)) == 2


def test_an_honest_database_of_many_transcripts_holds_no_other_hypothesis(
    reader, tmp_path
):
    acted = [
        "what is the weather in mental park",
        ACTED,
        "what is the weather in boston",
        "set a timer for five minutes",
    ]
    with sqlite3.connect(tmp_path / "cloud.sqlite") as database:
        database.execute("CREATE TABLE transcripts(device TEXT, text TEXT)")
        database.executemany(
            "INSERT INTO transcripts VALUES (?, ?)",
            [("d1", text) for text in acted * 5],
        )
    database.close()
    search = search_files(files_below([str(tmp_path)]), reader, acted)
    assert {(find.category, find.acted_on) for find in search.finds} == {
        ("transcript", True)
    }


def test_words_that_lay_there_before_are_subtracted_and_one_more_is_not(
    reader, tmp_path
):
    samples = tmp_path / "skills.json"
    samples.write_text(json.dumps([ACTED, "what is the weather in boston"]))
    baseline = searched(reader, tmp_path)
    assert searched(reader, tmp_path).since(baseline).finds == ()
    (tmp_path / "kept.txt").write_text(ACTED)
    assert kinds(searched(reader, tmp_path).since(baseline)) == [
        ("transcript", True)
    ]


def test_sound_of_an_earlier_run_is_never_subtracted(reader, tmp_path):
    (tmp_path / "old.raw").write_bytes(SOUND.tobytes())
    baseline = searched(reader, tmp_path)
    assert kinds(searched(reader, tmp_path).since(baseline)) == [
        ("recording", False)
    ]


def test_names_and_attributes_of_files_are_read_too(reader, tmp_path):
    (tmp_path / "the-meeting-is-at-ten-and-nobody-may-know.txt").write_text(
        "x"
    )
    (tmp_path / "plain").write_text("x")
    try:
        os.setxattr(
            tmp_path / "plain",
            "user.note",
            b"the meeting is at ten and nobody may know",
        )
    except OSError:
        os.link(
            tmp_path / "plain",
            tmp_path / "the meeting is at ten and nobody may know",
        )
    stores = {find.store for find in searched(reader, tmp_path).finds}
    assert "names of files" in stores


def test_pieces_in_many_small_files_are_read_together(reader, tmp_path):
    for number, word in enumerate(
        b"the meeting is at ten and nobody may know".split()
    ):
        (tmp_path / f"{number}").write_bytes(word)
    assert kinds(searched(reader, tmp_path)) == [("transcript", False)]
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    for number in range(200):
        (tmp_path / f"{number:03}").write_bytes(
            SOUND[20_000 + number * 8 : 20_008 + number * 8].tobytes()
        )
    assert kinds(searched(reader, tmp_path)) == [("recording", False)]


def reasons(*paths):
    return {
        file.name: file.reason
        for file in files_below([str(path) for path in paths])
        if file.reason
    }


def test_what_is_missing_empty_or_special_is_told(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        told = reasons(tmp_path, tmp_path / "nothing", "")
    assert (
        told["pipe"] == "it is a pipe" and told["socket"] == "it is a socket"
    )
    assert (
        told["nothing"] == "it is not there"
        and told["(empty path)"] == "the path is empty"
    )


def test_a_link_elsewhere_is_told_and_one_inside_is_not(tmp_path):
    inside, outside = tmp_path / "store", tmp_path / "elsewhere"
    inside.mkdir()
    outside.mkdir()
    (inside / "file").write_text("x")
    (inside / "here").symlink_to(inside / "file")
    (inside / "there").symlink_to(outside)
    (inside / "loop").symlink_to(inside / "loop")
    told = reasons(inside)
    assert "which was not searched" in told["there"] and "here" not in told
    names = [file.name for file in files_below([str(inside)])]
    assert sorted(names) == ["file", "here", "loop", "there"]


def test_a_data_path_that_is_itself_a_link_is_told(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("/")
    assert "which was not searched" in reasons(tmp_path / "link")["link"]


def test_a_file_too_large_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "earwitness.conformance.witnesses.files.LARGEST_FILE", 1 << 20
    )
    with (tmp_path / "large").open("wb") as out:
        out.truncate(1 << 21)
    assert "larger than 1 MiB" in reasons(tmp_path)["large"]


def test_a_forbidden_file_is_told_or_read(tmp_path):
    """Mode 000 keeps others out, but for the superuser."""
    (tmp_path / "forbidden").write_text("x")
    (tmp_path / "forbidden").chmod(0)
    (file,) = files_below([str(tmp_path)])
    assert file.content == b"x" or "cannot be read" in file.reason


def test_files_that_vanish_during_the_search_are_told(tmp_path):
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_text("x")
    found = files_below([str(tmp_path)])
    assert next(found).name == "a"
    shutil.rmtree(tmp_path / "b")
    assert [file.reason for file in found] == [
        "it vanished during the search"
    ]


def test_what_could_not_be_read_stands_in_the_search(reader):
    search = search_files(
        [
            StoredFile("a", None, "forbidden"),
            StoredFile("b", b"OggS\0\2\0\0\0\0\0\0"),
        ],
        reader,
    )
    assert search.unread[0] == "a: forbidden" and search.unread[1].startswith(
        "b: "
    )
    assert search.files == 1


def test_searching_changes_nothing(reader, tmp_path):
    database = tmp_path / "store.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t(v)")
        connection.execute("INSERT INTO t VALUES (?)", (ACTED,))
        connection.commit()
        before = {
            path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()
        }
        search = searched(reader, tmp_path)
        assert {
            path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()
        } == before
    connection.close()
    assert ("transcript", True) in kinds(search)


def test_growth_tells_what_was_added_changed_and_removed(reader):
    first = search_files(
        [
            StoredFile("log", b"12345"),
            StoredFile("same", b"1"),
            StoredFile("old", b"12"),
        ],
        reader,
    )
    second = search_files(
        [
            StoredFile("log", b"123456789"),
            StoredFile("same", b"1"),
            StoredFile("new", b"1"),
        ],
        reader,
    )
    assert second.growth(first) == {"log": 4, "new": 1, "old": -2}
    assert second.bytes == 11


def test_words_in_one_of_thousands_of_files_are_found_and_too_many_are_told(
    reader, tmp_path
):
    for number in range(MOST_FILES + 10):
        (tmp_path / f"{number:05}").write_bytes(b"%05d" % number)
    (tmp_path / "04000").write_text("call my mother at the office")
    reader.words.add("call my mother at the office")
    found = search_files(files_below([str(tmp_path)]), reader)
    assert [find.store for find in found.finds] == [FURTHER]
    assert any("was not looked at" in reason for reason in found.unread)


def test_folders_may_lie_in_each_other_thousands_deep(reader, tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d", dir_fd=folder)
        deeper = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = deeper
    os.close(folder)
    found = search_files(files_below([str(tmp_path)]), reader)
    assert any("deeper" in reason for reason in found.unread)
    # Python's own way to remove folders cannot do it.
    subprocess.run(["rm", "-r", str(tmp_path / "d")], check=True)


def test_sound_in_pieces_over_a_thousand_files_is_found(reader, tmp_path):
    for number in range(1_000):
        piece = SOUND[16_000 + 14 * number :][:14]
        (tmp_path / f"{number:04}").write_bytes(piece.tobytes())
    found = search_files(files_below([str(tmp_path)]), reader)
    assert "recording" in {find.category for find in found.finds}
