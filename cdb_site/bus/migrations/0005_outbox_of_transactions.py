import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import Func, Value
from django.db.models.functions import Now

# One row a transaction instead of one an event. What waits is a row of its own, named by its event.
TOGETHER = """
ALTER TABLE outbox RENAME COLUMN event_id TO unit_id;
ALTER TABLE outbox ADD COLUMN event_ids uuid[];
UPDATE outbox SET event_ids = ARRAY[unit_id];
ALTER TABLE outbox ALTER COLUMN event_ids SET NOT NULL;
"""
ALONE = """
CREATE TEMP TABLE waiting ON COMMIT DROP AS
    SELECT DISTINCT ON (event_id) event_id, created_at, event.sequence
    FROM outbox, unnest(event_ids) AS event_id JOIN event USING (event_id) ORDER BY event_id;
DELETE FROM outbox;
ALTER TABLE outbox DROP COLUMN event_ids;
ALTER TABLE outbox RENAME COLUMN unit_id TO event_id;
INSERT INTO outbox (event_id, created_at) SELECT event_id, created_at FROM waiting ORDER BY waiting.sequence;
"""
RETIRE = """
CREATE OR REPLACE FUNCTION retire_event(before timestamptz, portion integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    IF before > now() - interval '7 days' THEN
        RAISE EXCEPTION 'events of the last 7 days stay, asked to retire before %', before
            USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM set_config('cdb.retiring', 'event', true);
    DELETE FROM event WHERE ctid = ANY(ARRAY(
        SELECT old.ctid FROM event old
        WHERE old.recorded_at < before AND {SENT}
        ORDER BY old.recorded_at LIMIT portion));
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('cdb.retiring', '', true);
    RETURN gone;
END $$;
"""
# NOT EXISTS, which is hashed however much waits; NOT IN would read all of it again for each event.
SENT = """NOT EXISTS (SELECT 1 FROM outbox, unnest(outbox.event_ids) AS waiting (event_id)
              WHERE waiting.event_id = old.event_id)"""
SENT_ALONE = "NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.event_id = old.event_id)"


class Migration(migrations.Migration):
    dependencies = [("bus", "0004_retire_event")]

    operations = [
        migrations.RunSQL(
            sql=TOGETHER,
            reverse_sql=ALONE,
            state_operations=[
                migrations.DeleteModel(name="outbox"),
                migrations.CreateModel(
                    name="outbox",
                    fields=[
                        ("unit_id", models.UUIDField(primary_key=True, serialize=False)),
                        (
                            "event_ids",
                            django.contrib.postgres.fields.ArrayField(
                                models.UUIDField(), help_text="what one transaction said, in its order"
                            ),
                        ),
                        ("created_at", models.DateTimeField(db_default=Now())),
                        (
                            "sequence",
                            models.BigIntegerField(
                                db_default=Func(Value("outbox_sequence"), function="NEXTVAL"), editable=False
                            ),
                        ),
                    ],
                    options={"verbose_name_plural": "outbox", "db_table": "outbox"},
                ),
            ],
        ),
        migrations.RunSQL(sql=RETIRE.replace("{SENT}", SENT), reverse_sql=RETIRE.replace("{SENT}", SENT_ALONE)),
    ]
