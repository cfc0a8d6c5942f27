"""The marks of what is held stand with the first decision of a batch alone: they are the same for all of it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0020_decisions_say_what_they_saw"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_says_what_it_saw",
        ),
        migrations.AlterField(
            model_name="decision",
            name="marks",
            field=models.JSONField(help_text="the price of every held symbol; with the first of a batch", null=True),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("account_version__isnull", True),
                        ("look__isnull", True),
                        ("market_now__isnull", True),
                        ("marks__isnull", True),
                        ("number__isnull", True),
                    ),
                    models.Q(
                        ("account_version__isnull", False),
                        ("look__isnull", False),
                        ("market_now__isnull", False),
                        ("number__gt", 0),
                        ("number__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="decision_says_what_it_saw",
            ),
        ),
    ]
