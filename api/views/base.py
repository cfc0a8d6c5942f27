"""What every address of the API has in common: who may, in which language, what a list and a row look like."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.filters import ApiFilterSet
from api.paging import KeysetPagination
from api.problems import ApiProblem, BadValues
from api.rendering import CsvRenderer
from risk.acts.table import ACTS
from risk.roles import ADMIN, ADMINISTER, OPERATOR

PAGE_WORDS = frozenset({"format"})


def reading(operation_id: str, tag: str, description: str, responses: Any = None) -> Any:
    """The description of an address that is read."""
    given = {} if responses is None else {"responses": responses}
    told = extend_schema(operation_id=operation_id, tags=[tag], description=description, **given)
    return extend_schema_view(get=told)


def in_the_language_asked_for(request: Request) -> None:
    """`Accept-Language` goes before what the person has chosen for the pages."""
    if request.headers.get("Accept-Language"):
        language = translation.get_language_from_request(request)
        translation.activate(language)
        request._request.LANGUAGE_CODE = language


class ApiAddress(APIView):
    """An address that answers one thing. Query parameters that it does not know are refused."""

    known: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        in_the_language_asked_for(request)
        super().initial(request, *args, **kwargs)
        unknown = [name for name in request.query_params if name not in self.known | PAGE_WORDS]
        if unknown:
            there = ", ".join(sorted(self.known)) or _("none")
            words = _("is no parameter of this address; there are: %(known)s") % {"known": there}
            raise BadValues({name[:60]: words for name in unknown})


class RowList(ListAPIView[Any]):
    """A list, page by page by its `key`, as JSON or CSV."""

    key: ClassVar[tuple[str, ...]]
    filterset_class: ClassVar[type[ApiFilterSet]]
    pagination_class = KeysetPagination
    filter_backends = (DjangoFilterBackend,)
    renderer_classes = (JSONRenderer, CsvRenderer)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        in_the_language_asked_for(request)
        super().initial(request, *args, **kwargs)

    def looked_through(self) -> QuerySet[Any] | None:
        """The rows that are looked through for those that the filters want; None where an index finds all of them."""
        narrowing = self.filterset_class
        asked = self.request.query_params
        by_index = {name: asked[name] for name in narrowing.INDEXED if asked.get(name)}
        if not any(asked.get(name) for name in set(narrowing.base_filters) - narrowing.INDEXED):
            return None
        rows: QuerySet[Any] = narrowing(by_index, queryset=self.get_queryset(), request=self.request).qs
        return rows

    def goes_on(self, looked: QuerySet[Any]) -> bool:
        """Whether rows behind these may be wanted. Where a list's times grow with its key, none that is newer than
        `since` comes after so many that are all older, however late one of them was booked."""
        narrowing, since = self.filterset_class, self.request.query_params.get("since", "")
        if not since or "since" in narrowing.INDEXED:
            return True
        column = narrowing.base_filters["since"].field_name
        return looked.filter(**{f"{column}__gte": since}).exists()

    def get_renderer_context(self) -> dict[str, Any]:
        columns = list(self.get_serializer_class()().get_fields())  # type: ignore[attr-defined]
        return super().get_renderer_context() | {"columns": columns}


class OneRow(RetrieveAPIView[Any]):
    """One row by its name."""

    missing: ClassVar[str] = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        in_the_language_asked_for(request)
        super().initial(request, *args, **kwargs)

    def get_object(self) -> Any:
        rows: QuerySet[Any] = self.get_queryset()
        row = rows.filter(**{self.lookup_field: self.kwargs[self.lookup_field]}).first()
        if row is None:
            raise not_found(str(self.kwargs[self.lookup_field]))
        return row


def not_found(name: str) -> ApiProblem:
    words = _("Nothing here is named %(name)s; the list shows what there is.") % {"name": name[:80]}
    return ApiProblem(404, "not-found", words)


class MayAct(BasePermission):
    """The role that the view's act needs."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method != "POST":
            return True
        permission = ACTS[view.act].permission  # type: ignore[attr-defined]
        if request.user.has_perm(permission):
            return True
        role = ADMIN if permission == ADMINISTER else OPERATOR
        raise ApiProblem(403, "not-allowed", _("This is not yours to do: it needs the role %(role)s.") % {"role": role})


class NothingHere(ApiAddress):
    """Any other address below /api/v1/, whoever asks."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        in_the_language_asked_for(request)
        words = _("Nothing is at this address. Addresses end with a slash; they are listed in /api/v1/docs/.")
        raise ApiProblem(404, "not-found", words)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raise AssertionError("initial has answered")

    post = put = patch = delete = get
