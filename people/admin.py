"""What the admin shows of people: who they are, and how they log in."""

from people.admin_export import export_csv
from people.admin_logins import FailedLoginAdmin, LockoutAdmin, LoginAdmin
from people.admin_users import PersonAdmin, RoleAdmin

__all__ = ["FailedLoginAdmin", "LockoutAdmin", "LoginAdmin", "PersonAdmin", "RoleAdmin", "export_csv"]
