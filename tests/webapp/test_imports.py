"""Files of other systems on screen and from the command line."""

import io
import re
import subprocess
import sys
import threading

CSV = """Company Name,E-mail,Telephone,Remark,Need
Nordwind,chen@nordwind.example,+86 21 6552 9988,met at fair,Pumps
,,,nobody,
"""


def upload(visitor, content: str = CSV):
    return visitor.post("/imports", {"kind": "leads", "file": (io.BytesIO(content.encode()), "leads.csv")})


def finish_import(visitor) -> str:
    """The result page, once the import's thread has ended."""
    address = re.search(r"/imports/runs/\w+", visitor.page)[0]
    for thread in threading.enumerate():
        if thread.name.startswith("import "):
            thread.join(timeout=30)
    return visitor.get(address).text


def run_import(visitor, page: str, **choices: str) -> str:
    address = re.search(r'action="(/imports/leads/\w+)"', page)[1]
    chosen = dict(re.findall(r'name="(column\.\d)".*?<option value="([^"]*)" selected', page, re.S))
    answer = visitor.post(address, {"verb": "import", **chosen, **choices}, follow=False)
    visitor.page = answer.location
    return finish_import(visitor)


def test_the_columns_are_guessed_and_shown(visit):
    page = upload(visit("ines")).text

    assert re.search(r'Company Name</th>.*?<option value="company" selected', page, re.S)
    assert re.search(r'E-mail</th>.*?<option value="email" selected', page, re.S)
    assert "met at fair" in page


def test_good_lines_go_in_and_bad_ones_are_named(visit):
    ines = visit("ines")

    page = run_import(ines, upload(ines).text)

    assert re.search(r">1</div>\s*<div class=\"text-secondary\">new", page)
    assert re.search(r"<td>3</td>", page)


def test_a_second_run_changes_nothing(visit):
    ines = visit("ines")
    run_import(ines, upload(ines).text)

    page = run_import(ines, upload(ines).text)

    assert re.search(r">0</div>\s*<div class=\"text-secondary\">new", page)
    assert re.search(r">1</div>\s*<div class=\"text-secondary\">unchanged", page)


def test_trying_imports_nothing(visit):
    ines = visit("ines")
    run_import(ines, upload(ines).text, verb="try")

    page = run_import(ines, upload(ines).text, verb="try")

    assert re.search(r">1</div>\s*<div class=\"text-secondary\">new", page)


def test_a_file_that_is_no_table_is_refused_with_words(visit):
    answer = visit("ines").post("/imports", {"kind": "leads", "file": (io.BytesIO(b""), "empty.csv")})

    assert answer.status_code == 400


def test_play_and_feel_start_without_the_web(tmp_path):
    code = (
        "import sys; from webapp.cli import main; main(['feel', '1 + 1'], standalone_mode=False);"
        "from webapp.cli import COMMANDS, LazyGroup; main.get_command(None, 'play');"
        "sys.exit(sum(name in sys.modules for name in ('flask', 'sqlalchemy', 'processes')))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert (done.returncode, done.stdout.strip()) == (0, "2"), done.stderr
