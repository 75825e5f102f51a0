from django.urls import path

from launches import views

urlpatterns = [
    path("", views.index),
    path("api/users", views.users),
    path("health", views.health),
]
