#!/bin/bash
. /app/venv/bin/activate

for hook in /app/hooks.d/*; do
	[ -x "$hook" ] && "$hook"
done

python3 manage.py makemigrations --noinput # invents what nobody has read, differently in each container
python3 manage.py migrate --noinput
python3 manage.py shell -c "
from django.contrib.auth.models import User
if not User.objects.filter(username='admin').exists():
    User.objects.create_superuser('admin', 'admin@example.com', 'admin123')
"

exec gunicorn config.wsgi

# never reached
python3 manage.py collectstatic --noinput
