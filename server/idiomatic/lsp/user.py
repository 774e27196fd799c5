"""What goes to the user: messages, questions, and edits for which nobody has asked in the editor's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idiomatic.lsp import types
from idiomatic.lsp.protocol import Refusal, RequestFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.lsp.server import Server


def tell(ls: Server, message: str) -> None:
    """Tell the user something."""
    params: types.ShowMessageParams = {"type": types.MessageType.INFO, "message": message}
    ls.notify(types.WINDOW_SHOW_MESSAGE, params)


async def choose(ls: Server, question: str, answers: Sequence[str]) -> int | None:
    """Which of some answers the user gives; `None` if it is none."""
    params: types.ShowMessageRequestParams = {
        "type": types.MessageType.INFO,
        "message": question,
        "actions": [{"title": answer} for answer in answers],
    }
    try:
        chosen = await ls.ask(types.WINDOW_SHOW_MESSAGE_REQUEST, params)
    except Refusal:
        return None
    title = chosen.get("title") if isinstance(chosen, dict) else None
    return answers.index(title) if title in answers else None


async def apply(ls: Server, label: str, edit: types.WorkspaceEdit, *, saves: bool = True) -> bool:
    """Whether the client makes an edit: it does not if the user has decided otherwise, or if a text has changed.

    Args:
        ls: the server.
        label: what it is.
        edit: of any files.
        saves: whether those that were not changed before are saved, by a client that does that.

    Raises:
        RequestFailed: it can't, and says why.
    """
    if not ls.client.applies_edits:
        raise RequestFailed("This editor takes no edits from a server (workspace/applyEdit).")
    params: types.ApplyWorkspaceEditParams = {"label": label, "edit": edit}
    if saves and ls.client.saves_refactorings:
        params["metadata"] = {"isRefactoring": True}
    try:
        answer = await ls.ask(types.WORKSPACE_APPLY_EDIT, params)
    except Refusal as error:
        raise RequestFailed(str(error)) from error
    match answer:
        case {"applied": True}:
            return True
        case {"failureReason": str(reason)} if reason:
            raise RequestFailed(f"The editor did not make the changes: {reason}")
        case _:
            return False
