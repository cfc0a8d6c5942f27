"""Channels, their deliveries, and the chats that may ask by Telegram, in the admin. Every change is in the history."""

from __future__ import annotations

from threading import Event
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from cdb_site.clock import SYSTEM
from cdb_site.readonly_admin import ReadOnlyAdmin
from notifications import operations
from notifications.forms import ChannelForm, TelegramChatForm
from notifications.models import AlertChannel, ChannelDelivery, TelegramChat

ASK_EVERY_S = 0.2
WAIT_S = 10.0


@admin.register(AlertChannel)
class ChannelAdmin(admin.ModelAdmin):
    form = ChannelForm
    list_display = ("name", "service", "enabled", "least_level", "daily_report", "quiet_from", "quiet_until", "failing")
    list_filter = ("enabled", "least_level")
    search_fields = ("name",)
    change_form_template = "notifications/channel_form.html"

    @admin.display(description=gettext_lazy("last message"))
    def failing(self, row: AlertChannel) -> str:
        last = row.deliveries.exclude(message=None).order_by("-begun_at").first()
        return "–" if last is None else f"{last.state} {last.error}".strip()

    @method_decorator(sensitive_post_parameters("address"))
    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: AlertChannel, form: Any, change: bool) -> None:
        operations.keep(obj, url=form.cleaned_data["address"], by=request.user.get_username(), now=SYSTEM.wall_now())

    def get_urls(self) -> list[Any]:
        view = transaction.non_atomic_requests(self.admin_site.admin_view(self.test))
        return [path("<int:pk>/test/", view, name="notifications_alertchannel_test"), *super().get_urls()]

    def test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The question, and posted the test: what came of it is said above the channel's form."""
        channel = AlertChannel.objects.filter(pk=pk).first()
        if channel is None or not self.has_change_permission(request, channel):
            raise Http404
        back = reverse("admin:notifications_alertchannel_change", args=[pk])
        if request.method != "POST":
            shared = self.admin_site.each_context(request)
            return render(request, "notifications/test.html", {**shared, "channel": channel, "back": back})
        if not channel.enabled:
            self.message_user(request, _("The channel is switched off; switch it on first."), messages.WARNING)
            return HttpResponseRedirect(back)
        self._say(request, *tested(operations.ask_for_test(channel, SYSTEM.wall_now())))
        return HttpResponseRedirect(back)

    def _say(self, request: HttpRequest, state: str, error: str) -> None:
        if state == ChannelDelivery.State.SENT:
            self.message_user(request, _("The service has taken the test message."), messages.SUCCESS)
        elif state == ChannelDelivery.State.GIVEN_UP:
            self.message_user(request, _("The test failed: %(error)s") % {"error": error}, messages.ERROR)
        else:
            self.message_user(
                request,
                _("No answer yet: the list of deliveries will tell. Does the signal generator run?"),
                messages.WARNING,
            )


def tested(delivery: ChannelDelivery) -> tuple[str, str]:
    """(state, error) of a test once it has ended, or after WAIT_S."""
    until = SYSTEM.monotonic_s() + WAIT_S
    while True:
        state, error = operations.ending_of(delivery.pk)
        over = state in (ChannelDelivery.State.SENT, ChannelDelivery.State.GIVEN_UP) or SYSTEM.monotonic_s() > until
        if over:
            return state, error
        Event().wait(ASK_EVERY_S)


@admin.register(ChannelDelivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = (
        "raised_at", "channel", "kind", "level", "code", "day", "together", "state", "attempts", "next_at",
        "settled_at", "error",
    )  # fmt: skip
    list_filter = ("state", "kind", "level", "channel")
    list_select_related = ("channel",)


@admin.register(TelegramChat)
class TelegramChatAdmin(admin.ModelAdmin):
    form = TelegramChatForm
    list_display = ("chat_id", "user", "enabled", "changed_by")
    list_select_related = ("user",)
    autocomplete_fields = ("user",)

    def save_model(self, request: HttpRequest, obj: TelegramChat, form: Any, change: bool) -> None:
        operations.keep_chat(obj, by=request.user.get_username())
