"""Every address of the site. All but login, health, metrics and the words of the page's language ask for a login
(LoginRequiredMiddleware)."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from dashboard import views, words
from dashboard.acts import views as acts
from dashboard.pages import (
    alerts,
    break_it,
    decisions,
    export,
    find,
    live_trading,
    markets,
    overview,
    replay_acts,
    replays,
    reports,
    risk,
    settings,
    system_health,
    trades,
    why,
)
from people.factor.views import FirstStep, factor, second_step

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("markets/", markets.markets, name="markets"),
    path("markets/<str:symbol>/", markets.market, name="market"),
    path("find/", find.find, name="find"),
    path("trades/", trades.trades, name="trades"),
    path("trades/file/", trades.trades_file, name="trades-file"),
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/file/", decisions.decisions_as_file, name="decisions-file"),
    path("why/<path:wanted>/", why.why, name="why"),
    path("risk/", risk.risk, name="risk"),
    path("risk/now/", risk.risk_now, name="risk-now"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/file/", alerts.alerts_as_file, name="alerts-file"),
    path("system/health/", system_health.system_health, name="system-health"),
    path("system/health/facts/", system_health.facts, name="health-facts"),
    path("export/", export.export, name="export"),
    path("reports/", reports.reports, name="reports"),
    path("reports/<str:wanted>/", reports.day_report, name="day-report"),
    path("replays/", replays.replays, name="replays"),
    path("replays/new/", replays.new, name="replay-new"),
    path("replays/compare/", replays.compare, name="replay-compare"),
    path("replays/<uuid:run_id>/", replays.run, name="replay-run"),
    path("replays/<uuid:run_id>/standing/", replays.run_standing, name="replay-standing"),
    path("replays/<uuid:run_id>/decisions/<int:number>/", replays.decision, name="replay-decision"),
    path("replays/<uuid:run_id>/rows/<str:what>/", replays.rows, name="replay-rows"),
    path("replays/<uuid:run_id>/file/<str:what>/", replays.file, name="replay-file"),
    path("replays/<uuid:run_id>/act/<str:name>/", replay_acts.act, name="replay-act"),
    path("replays/<uuid:run_id>/act/<str:name>/dialog/", replay_acts.dialog, name="replay-act-dialog"),
    path("settings/", settings.settings, name="settings"),
    path("settings/live-trading/", live_trading.confirm, name="confirm-live-trading"),
    path("settings/choose/", settings.choose, name="choose-setting"),
    path("break-it/", break_it.break_it, name="break-it"),
    path("break-it/standing/", break_it.standing, name="faults-standing"),
    path("break-it/begin/<str:kind>/", break_it.begin, name="begin-fault"),
    path("break-it/end/<int:number>/", break_it.end, name="end-fault"),
    path("break-it/prove/", break_it.prove, name="prove-books"),
    path("acts/<str:name>/", acts.act, name="act"),
    path("acts/<str:name>/dialog/", acts.dialog, name="act-dialog"),
    path("acts/answers/<uuid:key>/", acts.answer, name="act-answer"),
    path("login/", FirstStep.as_view(), name="login"),
    path("login/factor/", second_step, name="login-factor"),
    path("factor/", factor, name="factor"),
    path("logout/", LogoutView.as_view(http_method_names=["post"]), name="logout"),
    path("words/<str:language>-<str:asked>.js", words.words, name="js-words"),
    path("health", views.health, name="health"),
    path("metrics", views.metrics, name="metrics"),
    path("api/v1/", include("api.urls")),
    # One login page alone: the one that counts failures and asks for the second factor.
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("admin/", admin.site.urls),
]
