"""The command line. Heavy imports wait until a command needs them: `--help` is quick."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from . import __version__
from .commands.arguments import PATH, assignments, with_course
from .commands.authoring import exercise, init, new, publish
from .commands.grade import grade
from .commands.marking import mark
from .commands.results import audit, export, import_, override, purge, report
from .commands.upload import upload
from .errors import AutograderError, explain
from .escape import plain

INTERRUPTED = 130
UNIX_ONLY = ("fcntl", "resource")  # modules that Windows lacks, and `check` does without


class _Commands(click.Group):
    """Errors for people become one line and exit code 1; any other error is a bug of ours."""

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run a command and exit."""
        for stream in (sys.stdout, sys.stderr):  # names may hold what the terminal's coding lacks
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            sys.exit(super().main(*args, **options | {"standalone_mode": False}))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(1)
        except click.UsageError as error:
            where = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
            _stop(error.format_message().rstrip(".") + where)
        except AutograderError as error:
            _stop(str(error))
        except OSError as error:
            _stop(explain(error))
        except ModuleNotFoundError as error:
            if error.name not in UNIX_ONLY:
                raise
            _stop(f"{sys.platform} can only `check`: for all else use Linux, WSL2 or a Linux VM")
        except (KeyboardInterrupt, click.Abort) as error:
            if error.__cause__ is None and isinstance(error, click.Abort):  # a question's answer
                _stop("not confirmed: nothing was done")
            _stop("interrupted: what was done is kept; run the same again to go on", INTERRUPTED)


def _stop(message: str, code: int = 1) -> NoReturn:
    click.echo(f"autograder: {plain(message)}", err=True)
    sys.exit(code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option(
    "--course",
    "folder",
    type=PATH,
    help="Course folder; default: the nearest with a grading.yml, above the results or here.",
)
@click.pass_context
def main(context: click.Context, folder: Path | None) -> None:
    """Grade notebooks by what their functions compute, without ever showing them an answer."""
    context.obj = folder


@main.command()
@click.argument("assignment", required=False, shell_complete=assignments)
@click.option("--check", is_flag=True, help="Only say whether anything is out of date (exit 1).")
@click.option("--solutions", is_flag=True, help="Make the handout for after the deadline instead.")
@click.pass_obj
def build(folder: Path | None, assignment: str | None, check: bool, solutions: bool) -> None:
    """Make the student notebooks of one assignment, or of all, and what other graders take.

    What students may see goes to assignments/, what holds answers to dist/.
    """
    if check and solutions:
        raise click.UsageError("--check is for what is committed, and solutions are not: drop one")
    from . import build as generated
    from .commands.bars import waiting
    from .course.course import find_course
    from .plural import counted

    course = find_course(folder)
    names = [assignment] if assignment else list(course.grading.rubrics)
    doors = generated.HANDOUTS if solutions else generated.PUBLISHED
    if not (check or solutions):
        doors += generated.DISTRIBUTED
    files = generated.Files()
    for name in names:
        with waiting(f"making {name}"):
            files |= generated.made(course, name, doors)
    old = [] if solutions else generated.left(course, names, files)
    for path in old:
        click.echo(f"no longer made, and still there: {path}")
    if check:
        if old:
            _stop("delete what is no longer made: students would get it")
        if stale := generated.stale(files):
            _stop(f"out of date: {', '.join(map(str, stale))}: run `autograder build`")
        click.echo(f"{len(files)} generated files are up to date")
    else:
        dist = course.folder / "dist"
        dist.mkdir(mode=0o700, exist_ok=True)  # it holds answers
        written = generated.write(files)
        inside = [path for path in written if path.is_relative_to(dist)]
        for path in written if solutions else (p for p in written if p not in inside):
            click.echo(f"wrote {path}")
        if inside and not solutions:
            count = counted(len(inside), "file")
            click.echo(f"wrote {count} in {dist}, with answers: keep them to yourself")
        where = f" in {dist / 'solutions'}" if solutions else ""
        click.echo(f"up to date already: {counted(len(files) - len(written), 'file')}{where}")


@main.command()
@click.argument("notebook", type=PATH)
@click.option(
    "--assignment",
    shell_complete=assignments,
    help="Which assignment; default: found from what it defines.",
)
def check(notebook: Path, assignment: str | None) -> None:
    """Try your own notebook on the visible cases, before you hand it in.

    All its cells are run from top to bottom, in a process that has your rights, as in Jupyter. Then
    each exercise says what its check in the notebook would. Works on Linux, macOS and Windows.

    \b
    Examples:
      autograder check backprop.ipynb
      autograder check my-solution.ipynb --assignment beyond
    """
    from .commands.bars import waiting
    from .commands.student import check

    with waiting(f"running {plain(notebook.name)}"):
        texts = list(check(notebook, assignment))
    for text in texts:
        click.echo(plain(text, kept="\n"))


@main.command()
@click.pass_obj
def doctor(folder: Path | None) -> None:
    """Say how well this machine keeps student code apart, and how to do better.

    Asks the course's git remotes, if there are any, whether strangers can read them.
    """
    from .commands.remotes import public_remotes
    from .running.tier import detect

    tier = detect(trusted=True)
    click.echo(f"isolation tier {tier.name}: {tier.describe()}")
    for reason in tier.missing:
        click.echo(f"  {reason}")
    for lack in tier.lacks:
        click.echo(f"  student code can still {lack}")
    click.echo(f"  to raise it: {tier.advice}")
    for name, address in public_remotes(folder or Path()):
        click.echo(f"anyone can read the git remote {name} ({plain(address)}), answers included:")
        click.echo("  make it private, and give students what `autograder publish` writes")


@main.command()
@click.argument("folder_", metavar="[FOLDER]", type=PATH, default="demo")
@click.pass_context
def demo(context: click.Context, folder_: Path) -> None:
    """Make a sample class of submissions in FOLDER (default: demo) and grade it."""
    from .commands.demo import ASSIGNMENT, SECRET, make_class
    from .course.course import SECRET_VARIABLE, find_course

    course = find_course(context.obj)
    os.environ[SECRET_VARIABLE] = SECRET
    count = make_class(course.assignment(ASSIGNMENT), folder_ / "submissions")
    click.echo(f"made a class of {count} submissions in {folder_ / 'submissions'}")
    context.invoke(
        grade, submissions=folder_ / "submissions", assignment=ASSIGNMENT, out=folder_ / "results"
    )


for command in (grade, init, new, exercise, publish, report, mark, override, audit):
    main.add_command(command)
for command in (export, import_, upload, purge):
    main.add_command(command)
for command in main.commands.values():
    if command not in (check, init):  # these need no course
        with_course(command)
