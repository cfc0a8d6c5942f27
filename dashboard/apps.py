from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = "Dashboard V5"

    def ready(self) -> None:
        from dashboard.live import nudges

        nudges.listen()
