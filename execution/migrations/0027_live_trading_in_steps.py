"""Live trading is enabled by a second step in a transaction of its own, within the hour, with nothing in between: the
table says so itself, to whoever writes a row. Both histories are only added to."""

from django.db import migrations

from cdb_site.append_only import append_only

IN_STEPS = """
CREATE FUNCTION live_trading_in_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE asked live_trading%ROWTYPE;
BEGIN
    NEW.recorded_at := clock_timestamp();
    IF NEW.step <> 'ENABLED' THEN
        RETURN NEW;
    END IF;
    SELECT * INTO asked FROM live_trading WHERE id = NEW.request_id;
    IF NOT FOUND OR asked.step <> 'ASKED' OR asked.account_id <> NEW.account_id
       OR asked.recorded_at >= transaction_timestamp() THEN
        RAISE EXCEPTION 'live trading is enabled in two steps: asked for, then confirmed in a transaction of its own'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'live_trading_in_two_steps';
    ELSIF asked.recorded_at < clock_timestamp() - interval '1 hour' THEN
        RAISE EXCEPTION 'live trading was asked for more than an hour ago'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'live_trading_within_the_hour';
    ELSIF asked.asked_by <> NEW.asked_by OR asked.limits_version <> NEW.limits_version THEN
        RAISE EXCEPTION 'live trading was asked for by somebody else, or with other limits'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'live_trading_as_asked';
    ELSIF EXISTS (SELECT FROM live_trading WHERE account_id = NEW.account_id AND id > asked.id) THEN
        RAISE EXCEPTION 'another step came after live trading was asked for'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'live_trading_nothing_in_between';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER live_trading_in_steps BEFORE INSERT ON live_trading
FOR EACH ROW EXECUTE FUNCTION live_trading_in_steps();
"""
UNDO = "DROP TRIGGER live_trading_in_steps ON live_trading; DROP FUNCTION live_trading_in_steps();"


class Migration(migrations.Migration):
    dependencies = [("execution", "0026_live_trading")]

    operations = [
        migrations.RunSQL(sql=IN_STEPS, reverse_sql=UNDO),
        append_only("live_trading"),
        append_only("execution_livetradinghistory"),
        append_only("mode_change"),
    ]
