"""Suite files: what they mean, and what their errors say."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.errors import SuiteError
from probe.quality.expectation import expectation
from probe.suites.case import Case, Criterion, Message, Rubric
from probe.suites.load import load_suite, load_suites
from probe.suites.nonce import with_nonce

MINIMAL = "name: mine\ncases:\n  - id: one\n    prompt: Say hello.\n"


def write(directory: Path, text: str, name: str = "mine.yaml") -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(directory: Path, text: str) -> str:
    path = write(directory, text)
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


# Meaning ----------------------------------------------------------------------------------------------------


def test_every_key_of_a_case(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        name: mine
        description: All keys.
        cases:
          - id: full
            category: reasoning
            messages:
              - {role: system, content: Be brief.}
              - {role: user, content: Hello}
            expected: Hi
            expect:
              - contains: Hi
              - language: {codes: en, must: false}
            max_tokens: 32
            temperature: 0.5
            seed: 7
            tags: [short, smoke]
            nonce: true
        """,
    )
    suite = load_suite(path)
    assert (suite.name, suite.description) == ("mine", "All keys.")
    assert suite.cases == (
        Case(
            id="full",
            category="reasoning",
            messages=(
                Message(role="system", content="Be brief."),
                Message(role="user", content="Hello"),
            ),
            expected="Hi",
            expect=(
                expectation("contains", "Hi", "Hi"),
                expectation("language", {"codes": "en", "must": False}, "Hi"),
            ),
            max_tokens=32,
            temperature=0.5,
            seed=7,
            tags=("short", "smoke"),
            nonce=True,
        ),
    )


def test_a_prompt_is_short_for_one_user_message(tmp_path: Path) -> None:
    case = load_suite(write(tmp_path, MINIMAL)).cases[0]
    assert case.messages == (Message(role="user", content="Say hello."),)
    assert (case.category, case.max_tokens, case.temperature) == ("general", 256, 0.0)
    assert (case.expected, case.seed, case.tags, case.nonce) == (None, None, (), False)


def test_a_null_temperature_is_not_sent(tmp_path: Path) -> None:
    assert load_suite(write(tmp_path, MINIMAL + "    temperature: null\n")).cases[0].temperature is None


def test_aliases_share_a_text(tmp_path: Path) -> None:
    text = "name: mine\ncases:\n  - {id: a, prompt: &p Hello}\n  - {id: b, prompt: *p, max_tokens: 9}\n"
    a, b = load_suite(write(tmp_path, text)).cases
    assert a.messages == b.messages


def test_the_prompt_hash_covers_what_shapes_the_answer_and_no_more(tmp_path: Path) -> None:
    plain = load_suite(write(tmp_path, MINIMAL)).cases[0]
    same = "    expected: Hi\n    tags: [x]\n    nonce: true\n    category: other\n"
    assert load_suite(write(tmp_path, MINIMAL + same)).cases[0].prompt_hash == plain.prompt_hash
    for change in ("    max_tokens: 9\n", "    temperature: 1\n", "    seed: 1\n"):
        assert load_suite(write(tmp_path, MINIMAL + change)).cases[0].prompt_hash != plain.prompt_hash


# What is expected -------------------------------------------------------------------------------------------


def test_an_expected_answer_is_the_whole_answer_but_for_its_dress(tmp_path: Path) -> None:
    case = load_suite(write(tmp_path, MINIMAL + "    expected: Hi\n")).cases[0]
    same = "    expect:\n      - exact: {equals: Hi, ignore: [case, markdown, final_dot]}\n"
    assert case.expect == load_suite(write(tmp_path, MINIMAL + same)).cases[0].expect
    assert load_suite(write(tmp_path, MINIMAL)).cases[0].expect == ()


def test_what_is_expected_is_no_part_of_the_prompt(tmp_path: Path) -> None:
    plain = load_suite(write(tmp_path, MINIMAL)).cases[0]
    expecting = load_suite(write(tmp_path, MINIMAL + "    expect: [{contains: hello}]\n")).cases[0]
    assert expecting.prompt_hash == plain.prompt_hash


def test_the_criteria_hash_covers_what_decides_and_no_more(tmp_path: Path) -> None:
    def of(text: str) -> str:
        (one,) = load_suite(write(tmp_path, MINIMAL + f"    expect: [{text}]\n")).cases[0].expect
        return one.criteria_hash

    assert of("contains: {text: a, weight: 2.0, threshold: 0.5}") == of("contains: a")
    assert of("contains: {text: a, dimension: relevance}") == of("contains: a")
    hashes = [of("contains: a"), of("contains: b"), of("exact: a"), of("contains: {text: a, anywhere: true}")]
    assert len(set(hashes)) == 4


def test_rubrics_are_read(tmp_path: Path) -> None:
    rubrics = "rubrics:\n  policy: {version: 3, criteria: [{id: days, ask: States 30 days, weight: 2.0}]}\n"
    suite = load_suite(write(tmp_path, rubrics + MINIMAL))
    criteria = (Criterion(id="days", ask="States 30 days", weight=2),)
    assert suite.rubrics == {"policy": Rubric(version=3, criteria=criteria)}


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("[]", ":5: cases[0].expect: empty"),
        ("[{contain: x}]", ":5: cases[0].expect[0].contain: unknown evaluator; did you mean contains?"),
        (
            "[{nothing_like_it: x}]",
            ":5: cases[0].expect[0].nothing_like_it: unknown evaluator; there is exact",
        ),
        ("[{exact: x, contains: x}]", ":5: cases[0].expect[0]: an evaluator and its settings, such as"),
        ("[{exact: {equal: x}}]", ":5: cases[0].expect[0].exact.equal: unknown option; there is dimension"),
        ('[{exact: ""}]', ":5: cases[0].expect[0].exact.equals: '' is empty once it is normalised"),
        ('[{contains: "\u3000"}]', ":5: cases[0].expect[0].contains: "),
        ("[{contains: 3}]", ":5: cases[0].expect[0].contains.text: input should be a valid string"),
        ("[number]", ":5: cases[0].expect[0].number: equals is missing"),
        ("[{number: {equals: many}}]", ":5: cases[0].expect[0].number.equals: 'many' is no plain number"),
        ("[{number: {equals: 1, abs: -1}}]", ":5: cases[0].expect[0].number: a tolerance is not negative"),
        ('[{regex: "(?=a)"}]', ":5: cases[0].expect[0].regex: '(?=a)': invalid perl operator"),
        ('[{regex: "(?P<answer>a)"}]', ":5: cases[0].expect[0].regex.which: say which match counts"),
        ("[{json: {schema: {type: strin}}}]", ":5: cases[0].expect[0].json: schema: "),
        (
            '[{json: {schema: {$ref: "http://127.0.0.1:9/"}}}]',
            ":5: cases[0].expect[0].json: schema: Resource",
        ),
        ("[{json: {equals: .nan}}]", ":5: cases[0].expect[0].json.equals: out of range float"),
        ("[{choice: {options: [a, b], equals: c}}]", ":5: cases[0].expect[0].choice.equals: 'c' is none of"),
        ("[{constraints: [{worlds: 3}]}]", ":5: cases[0].expect[0].constraints.all[0]: unknown instruction"),
        ("[{exact: x}, {exact: x}]", ":5: cases[0].expect[1]: expects the same twice"),
        ("[{similarity: x}]", ":5: cases[0].expect: nothing of it has to hold"),
        ("[{refusal: {must: true}}]", ":5: cases[0].expect[0].refusal.must: refusal is too weak"),
        (
            "[{similarity: {to: x, method: embedding}}]",
            ":5: cases[0].expect[0].similarity.method: embeddings",
        ),
        (
            "[{judge: {by: fair, rubric: policy}}]",
            ":5: cases[0].expect[0].judge: asks a judge, and no judges",
        ),
    ],
)
def test_a_mistake_in_what_is_expected(tmp_path: Path, expect: str, message: str) -> None:
    assert refused(tmp_path, MINIMAL + f"    expect: {expect}\n").startswith(message)


# The bundled suites -----------------------------------------------------------------------------------------


def test_the_bundled_mystery_shopper_is_one_steady_prompt() -> None:
    (case,) = load_suites()["mystery-shopper"].cases
    (message,) = case.messages
    assert message.role == "user"
    # English prose has about four characters a token.
    assert 450 <= len(message.content) / 4 <= 550
    assert 150 <= case.max_tokens <= 300
    assert case.temperature == 0
    assert case.nonce
    # Results are comparable only while this stays the same: a new text needs a new case id.
    assert case.prompt_hash == "7bdcfc989226d827"


def test_the_bundled_quick_suite_has_an_exact_answer() -> None:
    cases = load_suites()["quick"].cases
    assert 2 <= len(cases) <= 5
    assert any(case.expected == "42" for case in cases)
    assert all(16 <= case.max_tokens <= 64 for case in cases)


# Files and directories --------------------------------------------------------------------------------------


def test_files_and_directories_join_the_bundled_suites(tmp_path: Path) -> None:
    directory = tmp_path / "suites"
    directory.mkdir()
    write(directory, MINIMAL.replace("mine", "b"), "b.yml")
    write(directory, MINIMAL.replace("mine", "a"), "a.yaml")
    write(directory, "not yaml: [", "notes.txt")
    alone = write(tmp_path, MINIMAL)
    assert set(load_suites([directory, alone])) == {"mystery-shopper", "quick", "a", "b", "mine"}


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r'the name "quick" is taken \(bundled\)'):
        load_suites([write(tmp_path, MINIMAL.replace("mine", "quick"))])
    first, second = write(tmp_path, MINIMAL, "1.yaml"), write(tmp_path, MINIMAL, "2.yaml")
    with pytest.raises(SuiteError, match=f'{second}: the name "mine" is taken .{first}'):
        load_suites([first, second])


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"gone\.yaml: No such file"):
        load_suites([tmp_path / "gone.yaml"])
    with pytest.raises(SuiteError, match=r"no \*\.yaml file in this directory"):
        load_suites([tmp_path])


# Errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: empty"),
        ("- 1", ":1: a suite is a mapping of name, description, rubrics, cases"),
        ("name: mine\ncases: [", ":3: not YAML"),
        ("name: mine\n\tcases: 1", ":2: not YAML"),
        ("name: mine", ":1: cases: missing"),
        ("name: mine\ncases: []", ":2: cases: empty"),
        ("name: a b\ncases: []", ':1: name: "a b": letters, digits'),
        (MINIMAL + "    max_token: 3\n", ':5: cases[0].max_token: unknown key; did you mean "max_tokens"?'),
        ("titel: x\n" + MINIMAL, ":1: titel: unknown key; known are name, description, rubrics, cases"),
        (MINIMAL + "    max_tokens: many\n", ":5: cases[0].max_tokens: input should be a valid integer"),
        (
            MINIMAL + "    max_tokens: 0\n",
            ":5: cases[0].max_tokens: input should be greater than or equal to 1",
        ),
        (MINIMAL + "    max_tokens: true\n", ":5: cases[0].max_tokens: input should be a valid integer"),
        (MINIMAL + "    temperature: 3\n", ":5: cases[0].temperature: input should be less than"),
        (MINIMAL + "    temperature: .nan\n", ":5: cases[0].temperature: input should be a finite number"),
        (MINIMAL + "    expected: 42\n", ":5: cases[0].expected: 42 is no text; put it in quotes"),
        (MINIMAL + "    expected: yes\n", ":5: cases[0].expected: True is no text; put it in quotes"),
        (MINIMAL + "    messages: []\n", ":5: cases[0].messages: empty"),
        (
            MINIMAL + "    messages: [{role: user, content: x}]\n",
            ":3: cases[0]: give either prompt or messages",
        ),
        ("name: mine\ncases:\n  - id: one\n", ":3: cases[0]: give either prompt or messages"),
        (
            "name: mine\ncases:\n  - id: one\n    messages:\n      - role: robot\n        content: x\n",
            ":5: cases[0].messages[0].role: input should be 'system', 'user' or 'assistant'",
        ),
        (
            "name: mine\ncases:\n  - id: one\n    messages:\n      - role: user\n        contents: x\n",
            ":5: cases[0].messages[0].content: missing",
        ),
        (MINIMAL + "    prompt: again\n", ':3: cases[0]: key "prompt" on line 4 again on line 5'),
        (MINIMAL + "  - id: one\n    prompt: x\n", ':5: cases[1].id: "one" is taken by the case on line 3'),
        (MINIMAL + "    1: x\n", ":3: cases[0]: line 5: a key must be text"),
        (MINIMAL + "    <<: {seed: 1}\n", ":3: cases[0]: line 5: a key must be text"),
        (MINIMAL + "    seed: 2026-99-99\n", ':5: cases[0].seed: cannot read "2026-99-99"'),
        (MINIMAL + '    expected: "\\ud800"\n', ":5: "),
        (MINIMAL + "---\nname: two\n", ":5: not YAML"),
        ("name: !!python/object:os.system x\n", ":1: not YAML"),
        ("cases: &a [*a]", ":1: cases"),
    ],
)
def test_an_error_names_file_line_and_key(tmp_path: Path, text: str, message: str) -> None:
    assert refused(tmp_path, text).startswith(message)


def test_a_tree_of_aliases_is_refused_before_it_grows(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "too large" in refused(tmp_path, "\n".join(lines))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"name: \xff")
    with pytest.raises(SuiteError, match="byte 6 is not UTF-8"):
        load_suite(path)
    path.write_bytes(b"name: \x07")
    with pytest.raises(SuiteError, match="not YAML"):
        load_suite(path)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("name:mine \n-[]{}&*!|>'\"#,?0\tcaseidprompt"), max_size=80))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = write(tmp_path_factory.getbasetemp(), text, "any.yaml")
    with pytest.raises(SuiteError):
        load_suite(path)


# The nonce --------------------------------------------------------------------------------------------------


def test_the_nonce_is_the_very_start_and_follows_from_the_id() -> None:
    messages = (Message(role="system", content="Be brief."), Message(role="user", content="Hello"))
    request_id = UUID(int=98_765_432_109_876)
    first, second = with_nonce(messages, request_id)
    assert first.role == "system"
    assert first.content.startswith("765432109876 ")
    assert first.content.endswith("Be brief.")
    assert second is messages[1]
    assert with_nonce(messages, request_id) == (first, second)


def test_two_requests_share_no_beginning() -> None:
    messages = (Message(role="user", content="Hello"),)
    starts = {with_nonce(messages, uuid4())[0].content[:12] for _ in range(100)}
    assert len(starts) == 100
    assert all(start.isdecimal() for start in starts)
