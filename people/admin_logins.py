"""Logins in the admin: who got in, who did not, and who waits now. To look at; waiting can be ended.

Ending it is a line of the admin's own log, as all that is changed here.
"""

from __future__ import annotations

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdb_site.readonly_admin import ReadOnlyAdmin
from people.lockout import unlock
from risk.roles import ADMINISTER


@admin.register(AccessLog)
class LoginAdmin(ReadOnlyAdmin):
    list_display = ("attempt_time", "username", "ip_address", "path_info", "user_agent", "logout_time")
    list_filter = ("attempt_time",)
    search_fields = ("username", "ip_address")
    # Whoever knew the hash could look for the session it is of.
    exclude = ("session_hash",)


@admin.register(AccessFailureLog)
class FailedLoginAdmin(ReadOnlyAdmin):
    list_display = ("attempt_time", "username", "ip_address", "locked_out", "path_info", "user_agent")
    list_filter = ("attempt_time", "locked_out")
    search_fields = ("username", "ip_address")


@admin.register(AccessAttempt)
class LockoutAdmin(ReadOnlyAdmin):
    """What is counted now. A name and address beyond the limit wait; "Unlock" forgets the count."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start", "user_agent")
    search_fields = ("username", "ip_address")
    fields = ("attempt_time", "username", "ip_address", "failures_since_start", "path_info", "user_agent")
    actions = ("unlock",)

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ADMINISTER)

    @admin.action(description=gettext_lazy("Unlock: may be tried at once again"), permissions=["unlock"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        chosen = list(queryset)
        for row in chosen:
            LogEntry.objects.log_actions(
                request.user.pk or 0, [row], DELETION, change_message=f"unlocked {row.username} at {row.ip_address}"
            )
            unlock(name=row.username or "", address=row.ip_address or "")
        self.message_user(request, _("%(count)s unlocked.") % {"count": len(chosen)}, messages.SUCCESS)
