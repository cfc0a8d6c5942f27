from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("execution", "0012_deadline_of_open_entries")]

    operations = [
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=Q(side="SELL")
                | ~Q(state__in=["NEW", "PARTIALLY_FILLED", "SUBMITTED", "UNKNOWN"])
                | Q(valid_for_s__gt=0, valid_for_s__isnull=False),
                name="order_open_entry_has_deadline",
            ),
        ),
    ]
