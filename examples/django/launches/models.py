from django.db import models


class User(models.Model):
    name = models.CharField(max_length=160)
    email = models.EmailField(unique=True)


class Launch(models.Model):
    title = models.CharField(max_length=120)
    status = models.CharField(max_length=20, default="planned", db_index=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="launches")

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "launches"
