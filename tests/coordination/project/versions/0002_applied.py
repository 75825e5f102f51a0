"""a row for each time that this revision is applied, and a stop where the test wants one"""

import os
import time

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"


def stop_here():
    """Says that it is here, and goes on when the file is gone."""
    gate = os.environ.get("GATE")
    if gate and os.path.exists(gate):
        with open(gate + ".reached", "a", encoding="utf-8") as reached:
            reached.write("reached\n")
        while os.path.exists(gate):
            time.sleep(0.01)


def upgrade():
    stop_here()
    op.create_table("applied", sa.Column("id", sa.Integer, primary_key=True), sa.Column("what", sa.String(80)))
    op.execute("INSERT INTO applied (id, what) VALUES (1, '0002')")


def downgrade():
    op.drop_table("applied")
