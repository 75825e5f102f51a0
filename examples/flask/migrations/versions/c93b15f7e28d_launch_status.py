"""launches have a status

Revision ID: c93b15f7e28d
Revises: 7a42e8c51d06
Create Date: 2026-11-16 11:05:48.090337

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = 'c93b15f7e28d'
down_revision = '7a42e8c51d06'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('launches', schema=None) as batch_op:
        batch_op.add_column(sa.Column('status', sa.String(length=20), server_default='planned', nullable=False))
        batch_op.create_index('ix_launches_status', ['status'], unique=False)


def downgrade():
    with op.batch_alter_table('launches', schema=None) as batch_op:
        batch_op.drop_index('ix_launches_status')
        batch_op.drop_column('status')
