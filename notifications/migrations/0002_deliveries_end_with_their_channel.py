"""A channel takes its deliveries along when it is deleted, whoever adds one at that moment: the database does it."""

from django.db import migrations

NAME = "notification_delivery_of_a_channel"


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_channels_and_deliveries")]

    operations = [
        migrations.RunSQL(
            sql=f"""ALTER TABLE notification_delivery ADD CONSTRAINT {NAME} FOREIGN KEY (channel_id)
                REFERENCES notification_channel (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;""",
            reverse_sql=f"ALTER TABLE notification_delivery DROP CONSTRAINT {NAME};",
        ),
    ]
