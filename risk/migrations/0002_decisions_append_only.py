from django.db import migrations

from cdb_site.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("risk", "0001_limits_and_decisions")]

    operations = [
        append_only("decision"),
        append_only("limit_version"),
    ]
