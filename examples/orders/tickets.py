"""What customers ask about their orders, and who answers."""

from enum import Enum
from uuid import UUID, uuid4

STATE_OPEN = "open"
STATE_WAITING = "waiting"
# Nobody looks at it again.
STATE_CLOSED = "closed"

URGENCY_LOW = "low"
URGENCY_HIGH = "high"
URGENCY_NOW = "right now"


class Channel(str, Enum):
    """How a question comes in."""

    MAIL = "mail"
    PHONE = "phone"
    AT_THE_SHOP = "shop"

    def __str__(self) -> str:
        return self.value


class Topic(str, Enum):
    """What a question is about."""

    DELIVERY = "delivery"
    RETURNS = "returns"


class Desk:
    """Everything that was asked, by ticket."""

    def __init__(self) -> None:
        self._states: dict[UUID, str] = {}
        self._questions: dict[UUID, str] = {}

    def ask(self, customer_id: int, question: str, channel: Channel) -> UUID:
        ticket_id = uuid4()
        self._states[ticket_id] = STATE_OPEN
        self._questions[ticket_id] = f"[{channel}] {customer_id}: {question}"
        return ticket_id

    def answer(self, ticket_id: UUID, text: str) -> None:
        if self._states[ticket_id] == STATE_CLOSED:
            raise ValueError("closed")
        self._states[ticket_id] = STATE_WAITING
        self._questions[ticket_id] += f" -> {text}"

    def close(self, ticket_id: UUID) -> None:
        self._states[ticket_id] = STATE_CLOSED

    def waits_for(self, customer_id: int) -> int:
        mine = (ticket_id for ticket_id, text in self._questions.items() if f" {customer_id}: " in text)
        return sum(self._states[ticket_id] == STATE_WAITING for ticket_id in mine)

    def summary(self, ticket_id: UUID) -> dict[str, str]:
        text = self._questions[ticket_id]
        return {"text": text, "state": self._states[ticket_id], "urgency": urgency(text)}


def urgency(text: str) -> str:
    if text.endswith("!!!"):
        return URGENCY_NOW
    return URGENCY_HIGH if text.endswith("!") else URGENCY_LOW


def greeting(name: str, topic: Topic) -> dict[str, object]:
    return {"to": name, "topic": topic.value, "is_formal": topic is not Topic.DELIVERY}
