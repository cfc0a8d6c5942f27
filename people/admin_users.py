"""People in the admin: their names, whether they may log in, and their role. Nobody is deleted: their deeds name them.

An admin gives roles and changes people, but no superuser and nobody's single rights: whoever could would have every
right in two steps. Roles themselves are kept by `migrate` (`risk.roles`), so that groups are only looked at.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from cdb_site.history.tab import HistoryTab
from cdb_site.readonly_admin import ReadOnlyAdmin
from people.factor.operations import reset
from risk.roles import ADMIN, OPERATOR, ROLES, VIEWER, give_role

ROLE_CHOICES = (
    (VIEWER, _("viewer: looks")),
    (OPERATOR, _("operator: acts")),
    (ADMIN, _("admin: keeps people as well")),
)


class PersonForm(UserChangeForm):
    role = forms.ChoiceField(choices=ROLE_CHOICES, label=_("Role"), initial=VIEWER)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = set(self.instance.groups.values_list("name", flat=True)) if self.instance.pk else set()
        self.initial["role"] = next((role for role in reversed(ROLES) if role in held), VIEWER)


class NewPersonForm(AdminUserCreationForm):
    role = forms.ChoiceField(choices=ROLE_CHOICES, label=_("Role"), initial=VIEWER)


admin.site.unregister(User)
admin.site.unregister(Group)
# Their pages would show keys and codes.
admin.site.unregister(TOTPDevice)
admin.site.unregister(StaticDevice)


@admin.register(User)
class PersonAdmin(HistoryTab, UserAdmin):
    form = PersonForm
    add_form = NewPersonForm
    list_display = ("username", "first_name", "last_name", "roles", "is_active", "is_superuser", "factor", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
    actions = ("reset_factor",)
    readonly_fields = ("last_login", "date_joined", "is_superuser")
    fieldsets = (
        (None, {"fields": ("username", "password", "first_name", "last_name", "email")}),
        (_("Role"), {"fields": ("role", "is_active", "is_superuser")}),
        (_("Logins"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "usable_password", "password1", "password2", "role")}),)

    @admin.display(description=_("Role"))
    def roles(self, person: User) -> str:
        return ", ".join(sorted(group.name for group in person.groups.all())) or "–"

    @admin.display(boolean=True, description=_("Second factor"))
    def factor(self, person: User) -> bool:
        return any(device.confirmed for device in person.totpdevice_set.all())  # type: ignore[attr-defined]

    @admin.action(description=_("Reset the second factor: lost with its recovery codes"), permissions=["change"])
    def reset_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for person in queryset:
            if not self.has_change_permission(request, person):
                self.message_user(request, gettext("Only a superuser changes a superuser."), messages.ERROR)
            elif reset(person):
                self.log_change(request, person, "second factor reset")
                self.message_user(request, gettext("%(name)s sets up a new one.") % {"name": person}, messages.SUCCESS)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups", "totpdevice_set")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if role := form.cleaned_data.get("role"):
            give_role(form.instance, role)


@admin.register(Group)
class RoleAdmin(ReadOnlyAdmin, GroupAdmin):
    list_display = ("name",)
