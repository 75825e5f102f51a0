from django.db import migrations
from django.db.models.functions import Lower


def lowercase_emails(apps, schema_editor):
    apps.get_model('launches', 'User').objects.update(email=Lower('email'))


class Migration(migrations.Migration):

    dependencies = [
        ('launches', '0002_launch_status'),
    ]

    operations = [
        # Which letters were large is not known any more: the way back changes nothing.
        migrations.RunPython(lowercase_emails, migrations.RunPython.noop),
    ]
