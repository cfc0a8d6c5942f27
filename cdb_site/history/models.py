"""Whose rights changed: users, groups and memberships, of whom history is kept. Password hashes are left out."""

from __future__ import annotations

from django.contrib.auth.models import Group, User

from cdb_site.history.tracking import tracked


@tracked("UserHistory", exclude=["password", "last_login"])
class TrackedUser(User):
    class Meta:
        proxy = True


@tracked("GroupHistory")
class TrackedGroup(Group):
    class Meta:
        proxy = True


@tracked("MembershipHistory")
class TrackedMembership(User.groups.through):  # type: ignore[name-defined]
    class Meta:
        proxy = True


@tracked("GroupPermissionHistory")
class TrackedGroupPermission(Group.permissions.through):  # type: ignore[name-defined]
    class Meta:
        proxy = True
