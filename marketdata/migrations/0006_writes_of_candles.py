"""Every statement that adds, changes or removes candles counts as a write of their months and gives them a new stamp.

A trigger of the statement, not of the row: it runs once a batch, and no writer can forget it. Months are taken in one
order, so that two writers wait for each other and never in a circle.
"""

from django.db import migrations, models

COUNT_MONTHS_OF = """INSERT INTO marketdata_candlemonth AS counted
        (symbol, "interval", month, writes, stamp, price_places, volume_places)
    SELECT instrument_id, "interval", date_trunc('month', open_time AT TIME ZONE 'UTC')::date, 1, gen_random_uuid(),
        max(greatest(min_scale("open"), min_scale(high), min_scale(low), min_scale("close"))),
        max(min_scale(quote_volume))
    FROM {written} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (symbol, "interval", month) DO UPDATE SET writes = counted.writes + 1, stamp = EXCLUDED.stamp,
        price_places = greatest(counted.price_places, EXCLUDED.price_places),
        volume_places = greatest(counted.volume_places, EXCLUDED.volume_places);"""
BEFORE_AND_AFTER = "(TABLE before UNION ALL TABLE written) AS both_sides"
COUNT = f"""
CREATE FUNCTION count_candle_writes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        UPDATE marketdata_candlemonth SET writes = writes + 1, stamp = gen_random_uuid();
    ELSIF TG_OP = 'UPDATE' THEN
        {COUNT_MONTHS_OF.format(written=BEFORE_AND_AFTER)}
    ELSE
        {COUNT_MONTHS_OF.format(written="written")}
    END IF;
    RETURN NULL;
END $$;
ALTER TABLE marketdata_candlemonth SET (fillfactor = 50);
CREATE TRIGGER candle_writes_added AFTER INSERT ON marketdata_candle
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION count_candle_writes();
CREATE TRIGGER candle_writes_changed AFTER UPDATE ON marketdata_candle
    REFERENCING OLD TABLE AS before NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION count_candle_writes();
CREATE TRIGGER candle_writes_removed AFTER DELETE ON marketdata_candle
    REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION count_candle_writes();
CREATE TRIGGER candle_writes_truncated AFTER TRUNCATE ON marketdata_candle
    FOR EACH STATEMENT EXECUTE FUNCTION count_candle_writes();
"""  # noqa: S608 - of nothing but constants
UNCOUNT = """
DROP TRIGGER candle_writes_added ON marketdata_candle;
DROP TRIGGER candle_writes_changed ON marketdata_candle;
DROP TRIGGER candle_writes_removed ON marketdata_candle;
DROP TRIGGER candle_writes_truncated ON marketdata_candle;
DROP FUNCTION count_candle_writes();
"""
STORED_BEFORE = COUNT_MONTHS_OF.format(written="marketdata_candle")


class Migration(migrations.Migration):
    dependencies = [("marketdata", "0005_candle_imports")]

    operations = [
        migrations.CreateModel(
            name="CandleMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("symbol", models.TextField()),
                ("interval", models.TextField()),
                ("month", models.DateField(help_text="its first day")),
                (
                    "writes",
                    models.BigIntegerField(help_text="statements that added, changed or removed candles of it"),
                ),
                ("stamp", models.UUIDField(help_text="another one after every write")),
                (
                    "price_places",
                    models.PositiveIntegerField(help_text="decimal places that hold every price of it, exactly"),
                ),
                (
                    "volume_places",
                    models.PositiveIntegerField(help_text="decimal places that hold every quote volume of it, exactly"),
                ),
            ],
            options={"ordering": ("symbol", "interval", "month")},
        ),
        migrations.AddConstraint(
            model_name="candlemonth",
            constraint=models.UniqueConstraint(fields=("symbol", "interval", "month"), name="candle_month_once"),
        ),
        migrations.RunSQL(sql=COUNT, reverse_sql=UNCOUNT),
        migrations.RunSQL(sql=STORED_BEFORE, reverse_sql=migrations.RunSQL.noop),
    ]
