from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_alerts")]

    operations = [
        migrations.AlterModelOptions(
            name="alert",
            options={
                "ordering": ["-raised_at"],
                "permissions": [("acknowledge_alert", "Can acknowledge alerts")],
            },
        ),
        migrations.AddField(model_name="alert", name="acknowledged_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="alert",
            name="acknowledged_by",
            field=models.TextField(blank=True, default="", help_text="who has seen it and acts"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("acknowledged_at", None),
                        ("acknowledged_by", ""),
                        models.Q(("state", "ACKNOWLEDGED"), _negated=True),
                    ),
                    models.Q(
                        models.Q(("acknowledged_by", ""), _negated=True),
                        ("acknowledged_at__isnull", False),
                        models.Q(("state", "RAISED"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="alert_acknowledged_says_who_and_when",
            ),
        ),
    ]
