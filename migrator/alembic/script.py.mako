<%!
from alembic.util import CommandError

# While the template is loaded: an error while it is rendered would leave a report in the folder for temporary files.
raise CommandError(
    "migrations of this project are not written by hand\n"
    "  why:  they are what schema/ and the migrations so far differ in\n"
    "  next: change schema/, then: nox -s diff -- 'what it does'"
)
%>
