"""The ASGI application: pages through Django, sockets through Channels.

Sockets are for pages of this site (their Origin must be an allowed host), which carry the page's session, and for
programs with a token of the API. The stream reader is not started here but by `manage.py run_dashboard`, once the
server listens.
"""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdb_site.settings")
pages = get_asgi_application()

from dashboard.routing import websocket_urlpatterns  # noqa: E402 - models load only after Django is set up
from dashboard.socket_doors import SocketDoors  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": SocketDoors(URLRouter(websocket_urlpatterns)),
    }
)
