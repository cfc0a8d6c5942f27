from django.db import migrations

# Entries that were open at the upgrade: what the usual limits give, so that none of them is sent on an old decision.
GIVE = """UPDATE "order" SET valid_for_s = 15
    WHERE side = 'BUY' AND valid_for_s IS NULL AND state IN ('NEW', 'SUBMITTED', 'PARTIALLY_FILLED', 'UNKNOWN')"""


class Migration(migrations.Migration):
    dependencies = [("execution", "0011_order_deadline")]

    operations = [migrations.RunSQL(GIVE, migrations.RunSQL.noop)]
