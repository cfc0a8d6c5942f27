from django.db import migrations, models

# One way past the trigger: a function of the owner that takes old, sent events alone. The services may call it.
RETIRE = """
CREATE FUNCTION refuse_change_unless_retired() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('cdb.retiring', true) = TG_TABLE_NAME THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused; write a correcting row instead', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

DROP TRIGGER event_append_only ON event;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event
FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_retired();

CREATE FUNCTION retire_event(before timestamptz, portion integer) RETURNS bigint
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
        WHERE old.recorded_at < before AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.event_id = old.event_id)
        ORDER BY old.recorded_at LIMIT portion));
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('cdb.retiring', '', true);
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION retire_event(timestamptz, integer) FROM PUBLIC;
"""
KEEP = """
DROP FUNCTION retire_event(timestamptz, integer);
DROP TRIGGER event_append_only ON event;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event
FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP FUNCTION refuse_change_unless_retired();
"""


class Migration(migrations.Migration):
    dependencies = [("bus", "0003_sequence_of_events")]

    operations = [
        migrations.AddIndex(model_name="event", index=models.Index(fields=["recorded_at"], name="event_recorded")),
        migrations.RunSQL(sql=RETIRE, reverse_sql=KEEP),
    ]
