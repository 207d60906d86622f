"""The messages of one connection between a device and its cloud."""

from __future__ import annotations

import logging
from concurrent.futures import Future

from earwitness.reference_impl.cloud.asr import Hypothesis
from earwitness.reference_impl.cloud.call_mail import CallMail
from earwitness.reference_impl.cloud.cloud import Cloud
from earwitness.reference_impl.cloud.credentials import (
    EVERYBODY,
    NotAllowed,
    find_party,
)
from earwitness.reference_impl.cloud.endpoint import EndOfSpeech
from earwitness.reference_impl.cloud.nlu import fits_whole
from earwitness.reference_impl.cloud.skills.skill import Response
from earwitness.reference_impl.messages import CloudReply, CloudRequest
from earwitness.reference_impl.wire_sound import WireCoding, make_coder

LONGEST = 2 * 16_000 * 40
"""Bytes of one turn that are held in memory at most."""
LONGEST_LETTER = 32_000
"""A description of a call has some 2,000 letters."""
LAG = 1_600
"""Samples: the device notices its word a little after its end, and people go on at once."""
NONSENSE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What a message that makes no sense ends in."""


def refuse_nonsense(error: Exception) -> CloudReply:
    """The reply to such a message; it repeats nothing of it."""
    return {"error": f"the message makes no sense: {type(error).__name__}"}


class Conversation:
    """One turn after another. Sound and turns must come in order; other messages may come beside them.

    `party` is the device that speaks, or everybody; None until it has said who it is."""

    def __init__(
        self, cloud: Cloud, mail: CallMail, party: str | None = EVERYBODY
    ) -> None:
        self.cloud, self.mail, self.party = cloud, mail, party
        self.device = ""
        self.question: Response | None = None
        """What a skill asked in the turn before; an answer counts only in the follow-up stream it asked
        for."""
        self._sound = bytearray()
        self._end: EndOfSpeech | None = None
        self._coder = make_coder(WireCoding.SAMPLES)
        self._preroll = 0
        self._heard: Future[list[Hypothesis]] | None = None
        """What was said up to the present pause, once there is one."""

    def reply(self, content: bytes | CloudRequest) -> CloudReply:
        """As `message`; whatever one message provokes, the others are served."""
        try:
            return self.message(content)
        except NotAllowed as error:
            return {"error": str(error)}
        except NONSENSE as error:
            return refuse_nonsense(error)
        except Exception as error:
            logging.getLogger(__name__).warning(
                "a message was not answered: %s", error
            )
            return {"error": "the cloud cannot answer"}

    def message(self, content: bytes | CloudRequest) -> CloudReply:
        """The reply to sound or to a message. Raises NotAllowed."""
        if isinstance(content, dict) and content.get("type") == "hello":
            self.party = find_party(
                self.cloud.credentials, content.get("credential")
            )
            return {"ok": True}
        if self.party is None:
            raise NotAllowed("say 'hello' with a credential first")
        if isinstance(content, bytes):
            return {
                "stop": self._listen_on(self._coder.decode_piece(content))
            }
        match content.get("type"):
            case "open":
                return self._open_turn(content)
            case "end":
                return self._answer_request()
            case "settings":
                return self._settings_of(
                    self._own_device(content.get("device"))
                )
            case "mail.put":
                return self._put_letter(content)
            case "mail.take":
                return self.mail.take(self._own_device(content["device"]))
            case "call.telephone":
                return self._dial_telephone(content)
            case "call.end":
                return self.mail.end(self._own_device(content["device"]))
            case "reset" if self.party == EVERYBODY:
                return self._reset_cloud()
        return {"error": "unknown message"}

    def _own_device(self, device: object) -> str:
        """The device a message speaks for, which must be the one that sends it. Raises NotAllowed."""
        name = str(device or self.party)
        if self.party not in (EVERYBODY, name):
            raise NotAllowed(
                f"'{self.party}' may not speak for another device"
            )
        return name

    def _settings_of(self, device: str) -> CloudReply:
        for known in self.cloud.register.devices():
            if known.name == device:
                return {"tone": known.tone, "word": known.word}
        return {}

    def _put_letter(self, letter: CloudRequest) -> CloudReply:
        """Carry a description of a call to a device that there is. Raises NotAllowed."""
        self._own_device(letter["from"])
        if (
            letter["to"] not in self.cloud.credentials
            or letter["to"] == EVERYBODY
        ):
            raise NotAllowed("there is no such device to write to")
        if len(str(letter["text"])) > LONGEST_LETTER:
            raise NotAllowed(
                f"a description of a call has at most {LONGEST_LETTER} letters"
            )
        return self.mail.put(letter)

    def _dial_telephone(self, content: CloudRequest) -> CloudReply:
        device = self._own_device(content["device"])
        host, port = content["telephone"]
        return self.mail.telephone(
            device,
            str(content["sdp"]),
            (str(host), int(port)),
        )

    def _reset_cloud(self) -> CloudReply:
        self.mail.clear()
        self.cloud.retention.clear()
        self.cloud.register.clear()
        return {"ok": True}

    def _open_turn(self, content: CloudRequest) -> CloudReply:
        self._sound.clear()
        self._coder = make_coder(
            WireCoding(content.get("coding", WireCoding.SAMPLES.value))
        )
        self._preroll, self._heard = int(content.get("preroll", 0)), None
        self.device = self._own_device(content.get("device"))
        if content.get("cause") != "follow_up":
            self.question = None
        self._end = EndOfSpeech(skip=self._preroll)
        return {"ok": True}

    def _listen_on(self, piece: bytes) -> bool:
        """Whether the person has finished: at once after a sentence that is whole, later where something
        may be missing. Recognition begins in every pause, beside the silence that tells so."""
        if self._end is None or len(self._sound) + len(piece) > LONGEST:
            return True
        self._sound += piece
        self._end.feed(piece)
        if not self._end.pausing:
            self._heard = None
        elif self._heard is None:
            self._heard = self.cloud.start_recognition(
                self._sound_of_request()
            )
        return self._end.over or (
            self._heard is not None
            and self._end.settled
            and _is_whole(self._heard.result())
        )

    def _sound_of_request(self) -> bytes:
        """The sound of the request. The pre-roll holds the wake word; the request begins near its end."""
        first = max(0, self._preroll - LAG)
        return bytes(self._sound[2 * first :])

    def _answer_request(self) -> CloudReply:
        sound, heard = self._sound_of_request(), self._heard
        self._end = self._heard = None
        self._sound.clear()
        hypotheses = (
            heard
            if heard is not None
            else self.cloud.start_recognition(sound)
        ).result()
        with self.cloud.turning:
            answer, self.question = self.cloud.take_turn(
                sound, hypotheses, device=self.device, question=self.question
            )
        return answer


def _is_whole(heard: list[Hypothesis]) -> bool:
    if not heard:
        return False
    return fits_whole(heard[0].text)
