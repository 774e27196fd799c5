import pytest
from orders.tickets import Channel, Desk, Topic, greeting, urgency


def test_a_question_is_answered_and_closed():
    desk = Desk()
    ticket = desk.ask(7, "Where is my teapot?", Channel.AT_THE_SHOP)
    assert desk.summary(ticket) == {"text": "[shop] 7: Where is my teapot?", "state": "open", "urgency": "low"}
    desk.answer(ticket, "On its way!")
    assert desk.waits_for(7) == 1
    assert desk.waits_for(8) == 0
    desk.close(ticket)
    with pytest.raises(ValueError):
        desk.answer(ticket, "Still on its way.")


def test_urgency():
    assert [urgency(text) for text in ("a", "a!", "a!!!")] == ["low", "high", "right now"]


def test_greeting():
    assert greeting("Ada", Topic.RETURNS) == {"to": "Ada", "topic": "returns", "is_formal": True}
