"""Every address of the site. All but login, health and metrics ask for a login (LoginRequiredMiddleware)."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from dashboard import views
from dashboard.api import StatusView

urlpatterns = [
    path("", views.overview, name="overview"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("health", views.health, name="health"),
    path("metrics", views.metrics, name="metrics"),
    path("api/v1/status/", StatusView.as_view(), name="api-status"),
    path("admin/", admin.site.urls),
]
