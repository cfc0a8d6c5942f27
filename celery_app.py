"""The Celery application of every worker.

`celery -A celery_app worker -P solo --service risk` starts the risk manager; the service table says what each hosts.
Topic tasks run in-process from the bus's bootstep; the queues named after services carry only rare and timed work.
"""

import os

from celery import Celery
from click import Option

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdb_site.settings")

app = Celery("claire_de_binaire")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.user_options["worker"].add(
    Option(["--service"], multiple=True, help="a service of the service table that this worker hosts; may be repeated")
)


@app.on_after_finalize.connect
def _register_bootsteps(sender: Celery, **_: object) -> None:
    from cdb_site.bus.bootstep import ServiceStep

    sender.steps["worker"].add(ServiceStep)
