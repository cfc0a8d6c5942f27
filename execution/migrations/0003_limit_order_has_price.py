from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("execution", "0002_books_append_only")]

    operations = [
        migrations.RemoveConstraint(model_name="order", name="order_limit_has_price"),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=Q(order_type="MARKET") | Q(limit_price__isnull=False, limit_price__gt=0),
                name="order_limit_has_price",
            ),
        ),
    ]
