"""The reference in this process; its cloud stays a process of its own."""

from __future__ import annotations

from earwitness.conformance.targets.protocol import Answer, Message, TargetError, answer_from


class ReferenceDriver:
    """Drives `earwitness.reference_impl`, honest or with a seeded fault. Raises TargetError for an unknown fault."""

    def __init__(self, fault: str = "") -> None:
        from earwitness.model.vocabulary import nearest
        from earwitness.reference_impl.faults.zoo import FAULTS
        from earwitness.reference_impl.session import Session

        if fault and fault not in FAULTS:
            raise TargetError(
                f"the reference has no fault '{fault}'.{nearest(fault, FAULTS)} Known: {', '.join(FAULTS)}"
            )
        try:
            self._session = Session(fault)
        except (RuntimeError, OSError) as error:
            raise TargetError(f"the reference did not start: {error}") from None
        self._number = 0

    def request(self, message: Message) -> Answer:
        self._number += 1
        return answer_from(list(self._session.handle({"id": self._number, **message})), self._number)

    def close(self) -> None:
        self._session.stop()
