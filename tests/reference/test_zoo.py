"""Faulty devices are devices all the same: they break their promise and nothing else."""

from __future__ import annotations

from earwitness.reference_impl.session import Session


def test_a_device_that_listens_unasked_survives_a_button_without_network():
    session = Session("listens-unasked")
    try:
        for request in (
            {"do": "power", "state": "restore"},
            {"do": "network", "state": "down"},
            {"do": "press", "button": "action"},
        ):
            *_, reply = session.handle_request(
                {"id": 1, "device": "d1", **request}
            )
            assert reply == {"id": 1, "ok": {}}
    finally:
        session.stop()
