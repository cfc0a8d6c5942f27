"""People in the admin: their names, whether they may log in, and their role. Nobody is deleted: what they did names them.

An admin gives roles and changes people, but no superuser and nobody's single rights: whoever could would have every
right in two steps. Roles themselves are kept by `migrate` (`risk.roles`), so that groups are only looked at.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cdb_site.readonly_admin import ReadOnlyAdmin
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


@admin.register(User)
class PersonAdmin(UserAdmin):
    form = PersonForm
    add_form = NewPersonForm
    list_display = ("username", "first_name", "last_name", "roles", "is_active", "is_superuser", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
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

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

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
