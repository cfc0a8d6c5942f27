from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("risk", "0002_decisions_append_only")]

    operations = [
        migrations.RemoveConstraint(model_name="decision", name="decision_no_entry_on_stale_price"),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=Q(side="SELL")
                | Q(outcome__in=["REJECTED", "EXPIRED"])
                | Q(price__isnull=False, price_age_ms__isnull=False, price_age_ms__lte=F("max_price_age_ms")),
                name="decision_no_entry_on_stale_price",
            ),
        ),
    ]
