"""Who may do what: three groups, made and kept by every migration.

viewer    looks at everything and changes nothing
operator  acts: halts, resumes, sells, releases, proposes, approves
admin     an operator who also begins the account anew and, in the Django admin, changes limits, pauses and people

A superuser may everything. Somebody in no group looks on.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps as global_apps
from django.contrib.auth.models import AbstractBaseUser, Group, Permission, User
from django.db.models import Q

OPERATE = "risk.operate"
ADMINISTER = "risk.administer"
VIEWER, OPERATOR, ADMIN = "viewer", "operator", "admin"
ROLES = (VIEWER, OPERATOR, ADMIN)
ACTING = ("operate", "halt_trading", "resume_trading", "release_breaker", "decide_proposal", "acknowledge_alert")
# What an admin sees in the Django admin, and what may be written there.
SHOWN = ("risk", "execution", "marketdata", "signals_app", "alerts", "bus", "auth", "axes", "notifications", "knox")
WRITTEN = (
    *("administer", "add_limitversion", "add_pause", "change_pause", "add_user", "change_user"),
    *("add_alertchannel", "change_alertchannel", "delete_alertchannel"),
    *("delete_authtoken", "add_telegramchat", "change_telegramchat", "delete_telegramchat"),
)


def keep_groups(apps: Any = global_apps, **_: Any) -> None:
    """Make the groups and give them what they lack; what somebody added to one stays. `apps` are those that are
    migrated by now: before people and groups are, there is nothing to keep."""
    try:
        apps.get_model("auth", "Group")
    except LookupError:
        return
    acting = Q(codename__in=ACTING)
    managing = acting | Q(codename__in=WRITTEN) | Q(codename__startswith="view_", content_type__app_label__in=SHOWN)
    wanted = {VIEWER: Permission.objects.none(), OPERATOR: Permission.objects.filter(acting)}
    wanted[ADMIN] = Permission.objects.filter(managing)
    for name, permissions in wanted.items():
        group, _new = Group.objects.get_or_create(name=name)
        has = set(group.permissions.values_list("pk", flat=True))
        if missing := [row for row in permissions if row.pk not in has]:
            group.permissions.add(*missing)


def give_role(user: User, role: str) -> None:
    """Exactly this role; an admin may enter the Django admin, the others may not."""
    user.groups.remove(*Group.objects.filter(name__in=ROLES))
    user.groups.add(Group.objects.get(name=role))
    user.is_staff = user.is_superuser or role == ADMIN
    user.save(update_fields=["is_staff"])


def role_of(user: AbstractBaseUser) -> str:
    """The word beside a person's name."""
    may = getattr(user, "has_perm", lambda _: False)
    return ADMIN if may(ADMINISTER) else OPERATOR if may(OPERATE) else VIEWER
