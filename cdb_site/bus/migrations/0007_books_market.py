import django.db.models.functions.datetime
from django.db import migrations, models

from cdb_site.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("bus", "0006_waiting_dead_letters")]

    operations = [
        migrations.CreateModel(
            name="BooksMarket",
            fields=[
                ("single", models.BooleanField(default=True, editable=False, primary_key=True, serialize=False)),
                ("market", models.TextField()),
                ("since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "books_market",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("single", True)), name="books_of_one_market")
                ],
            },
        ),
        append_only("books_market"),
    ]
