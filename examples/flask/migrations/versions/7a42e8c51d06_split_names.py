"""split users.name into first_name and last_name

Revision ID: 7a42e8c51d06
Revises: 1f0c6d3a9b52
Create Date: 2026-11-09 16:40:03.772615

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '7a42e8c51d06'
down_revision = '1f0c6d3a9b52'
branch_labels = None
depends_on = None

# What this migration needs to know of the table; the app's model moves on.
users = sa.table('users',
    sa.column('id', sa.Integer),
    sa.column('name', sa.String),
    sa.column('first_name', sa.String),
    sa.column('last_name', sa.String),
)


def upgrade():
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('first_name', sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column('last_name', sa.String(length=80), nullable=True))

    connection = op.get_bind()
    for row in connection.execute(sa.select(users.c.id, users.c.name)).fetchall():
        first_name, _, last_name = row.name.strip().partition(' ')
        connection.execute(
            users.update().where(users.c.id == row.id)
            .values(first_name=first_name, last_name=last_name.strip()))

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.alter_column('first_name', existing_type=sa.String(length=80), nullable=False)
        batch_op.alter_column('last_name', existing_type=sa.String(length=80), nullable=False)
        batch_op.drop_column('name')


def downgrade():
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('name', sa.String(length=160), nullable=True))

    connection = op.get_bind()
    columns = sa.select(users.c.id, users.c.first_name, users.c.last_name)
    for row in connection.execute(columns).fetchall():
        name = f'{row.first_name} {row.last_name}'.strip()
        connection.execute(users.update().where(users.c.id == row.id).values(name=name))

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.alter_column('name', existing_type=sa.String(length=160), nullable=False)
        batch_op.drop_column('last_name')
        batch_op.drop_column('first_name')
