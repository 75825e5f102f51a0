from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('launches', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='launch',
            name='status',
            field=models.CharField(db_index=True, default='planned', max_length=20),
        ),
    ]
