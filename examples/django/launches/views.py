import logging

from django.db import Error, connection
from django.http import JsonResponse
from django.shortcuts import render

from .models import User

logger = logging.getLogger(__name__)


def all_users():
    return User.objects.order_by("id").prefetch_related("launches")


def index(request):
    return render(request, "launches/index.html", {"users": all_users()})


def users(request):
    rows = [
        {
            "id": user.id,
            "name": user.name,
            "email": user.email,
            "launches": [
                {"id": launch.id, "title": launch.title, "status": launch.status}
                for launch in user.launches.all()
            ],
        }
        for user in all_users()
    ]
    return JsonResponse({"users": rows})


def health(request):
    """200 when this process can use its database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        logger.exception("the database cannot be used")
        return JsonResponse({"status": "unavailable"}, status=503)
    return JsonResponse({"status": "ok"})
