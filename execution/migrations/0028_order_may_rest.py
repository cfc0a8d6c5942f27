"""An order may rest at the venue."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("execution", "0027_live_trading_in_steps")]

    operations = [
        migrations.AlterField(
            model_name="order",
            name="order_type",
            field=models.TextField(choices=[("LIMIT", "Limit"), ("LIMIT_IOC", "Limit Ioc"), ("MARKET", "Market")]),
        ),
    ]
