"""What was once set of channels and chats stays as it was, as all history does."""

from django.db import migrations

from cdb_site.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_deliveries_end_with_their_channel")]

    operations = [
        append_only("notifications_channelhistory"),
        append_only("notifications_telegramchathistory"),
    ]
