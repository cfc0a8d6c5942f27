"""The ASGI application: pages through Django, sockets through Channels.

Sockets are only for pages of this site (their Origin must be an allowed host) and carry the page's session. The
stream reader is not started here but by `manage.py run_dashboard`, once the server listens.
"""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdb_site.settings")
pages = get_asgi_application()

from dashboard.routing import websocket_urlpatterns  # noqa: E402 - models load only after Django is set up

application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
