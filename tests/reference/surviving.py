"""What tests of survival look at: recordings that are left, and a server with a certificate."""

from __future__ import annotations

import ssl

import trustme

from earwitness.conformance.witnesses.files import files_below, search_files
from earwitness.conformance.witnesses.reader import Reader
from earwitness.conformance.witnesses.spoken_words import SpokenWords


def recordings_below(folder, heard):
    """The stores below a folder that hold sound that was heard."""
    with Reader(heard, SpokenWords()) as reader:
        return [
            find.store
            for find in search_files(files_below([str(folder)]), reader).finds
            if find.heard
        ]


def served() -> tuple[ssl.SSLContext, str]:
    """What a server of our own needs, and whom to believe then."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context, authority.cert_pem.bytes().decode()
