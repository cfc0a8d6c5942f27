from django.db import migrations

from cdb_site.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("bus", "0001_event_and_outbox")]

    operations = [
        append_only("event"),
    ]
