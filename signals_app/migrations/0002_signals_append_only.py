from django.db import migrations

from cdb_site.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("signals_app", "0001_signals_and_rankings")]

    operations = [
        append_only("signal"),
    ]
