"""`{% act "close_position" symbol=row.symbol label=… %}`: the button of an act, for who may do it.

A link to the act's question; `js/acts.js` opens it as a dialog on the page instead. `kind` is the look: "", "small",
"stop", "main". It leads back to the page it stands on, or to `back` of the context; the page is read anew when it is
done.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from risk.acts.table import ACTS

register = template.Library()


@register.simple_tag(takes_context=True, name="act")
def act_button(context: Any, name: str, label: Any = "", kind: str = "", **values: Any) -> SafeString | str:
    request, row = context["request"], ACTS[name]
    if not request.user.has_perm(row.permission):
        return ""
    query = urlencode({**values, "next": context.get("back") or request.get_full_path()})
    return format_html(
        '<a class="btn {}" href="{}?{}" data-act="{}" data-reload>{}</a>',
        kind,
        reverse("act", args=[name]),
        query,
        name,
        label or row.title,
    )
