from django.db import migrations, models
from django.db.models import Func, Value

# Rows that are there already are numbered as they lie in the table: append-only, that is the order of their storing.


def numbered(sequence: str) -> models.BigIntegerField:
    return models.BigIntegerField(db_default=Func(Value(sequence), function="NEXTVAL"), editable=False)


class Migration(migrations.Migration):
    dependencies = [("bus", "0002_event_append_only")]

    operations = [
        migrations.RunSQL(
            sql="CREATE SEQUENCE event_sequence AS bigint; CREATE SEQUENCE outbox_sequence AS bigint",
            reverse_sql="DROP SEQUENCE event_sequence; DROP SEQUENCE outbox_sequence",
        ),
        migrations.AddField(model_name="event", name="sequence", field=numbered("event_sequence")),
        migrations.AddField(model_name="outbox", name="sequence", field=numbered("outbox_sequence")),
    ]
