"""A menu that asks what to copy."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList

from ..trace import printable
from .copying import CHOICES, Chosen, NothingToCopy

__all__ = ["CopyMenu"]


class CopyMenu(ModalScreen[None]):
    """Copies one of CHOICES of what is ``chosen``: by its key, by Enter or by a click."""

    DEFAULT_CSS = """
    CopyMenu { align: center middle; }
    CopyMenu OptionList { width: 40; max-width: 100%; height: auto; max-height: 100%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,y", "dismiss", "Back"),
        Binding("ctrl+c", "app.quit", "Quit", show=False, priority=True),
        *(
            Binding(each.key, f"choose({at})", each.name, show=False)
            for at, each in enumerate(CHOICES)
        ),
    ]

    def __init__(self, chosen: Chosen) -> None:
        """Copy nothing so far."""
        super().__init__()
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """Make the menu."""
        options = OptionList(*(Content(f"{each.key}  {each.name}") for each in CHOICES))
        options.border_title = "copy"
        yield options

    def action_choose(self, at: int) -> None:
        """Copy it, and say so."""
        choice = CHOICES[at]
        try:
            text = choice.text(self._chosen)
        except NothingToCopy as error:
            self.app.notify(printable(str(error)), severity="error", markup=False)
        else:
            self.app.copy_to_clipboard(text)
            entry = self._chosen.entry
            cut = entry is not None and entry.is_cut and choice.of_payload
            said = f"copied the {choice.name}: {len(text)} characters"
            self.app.notify(said + ("; its end was not kept" if cut else ""), markup=False)
        self.dismiss()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Copy it."""
        self.action_choose(event.option_index)
