"""Append-only tables: a trigger refuses UPDATE and DELETE, whatever role asks. Corrections are new rows.

Used by migrations. The app role lacks the privileges as well; the trigger also stops the owner and the admin.
"""

from __future__ import annotations

from django.db import migrations

CREATE_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused; write a correcting row instead', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
"""


def append_only(table: str) -> migrations.RunSQL:
    """The migration operation that makes `table` append-only."""
    return migrations.RunSQL(
        sql=f"""{CREATE_FUNCTION}
            CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON "{table}"
            FOR EACH ROW EXECUTE FUNCTION refuse_change();""",
        reverse_sql=f'DROP TRIGGER {table}_append_only ON "{table}";',
    )
