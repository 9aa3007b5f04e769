use super::*;

fn show(text: &str) -> Vec<String> {
    let show = |cause: Cause| {
        let Cause { relation, class, message, at } = cause;
        format!("{relation:?} {class} | {message} | {}", at.as_deref().unwrap_or("-"))
    };
    causes(text).into_iter().map(show).collect()
}

#[test]
fn causes_and_suppressed_errors_follow_their_error() {
    let text = "java.io.IOException: cannot read /a: b
\tat a.B.c(B.java:1)
\tat a.B.d(B.java:2)
\tSuppressed: java.lang.IllegalStateException: closed twice
\t\tat a.S.close(S.java:3)
\t\t... 2 more
Caused by: java.lang.NullPointerException
\tat a.C.e(C.java:4)
\t... 1 more";
    assert_eq!(
        show(text),
        [
            "Top java.io.IOException | cannot read /a: b | a.B.c(B.java:1)",
            "Suppressed java.lang.IllegalStateException | closed twice | a.S.close(S.java:3)",
            "CausedBy java.lang.NullPointerException |  | a.C.e(C.java:4)",
        ]
    );
}

#[test]
fn python_errors_come_outermost_first() {
    let text = "Traceback (most recent call last):
  File \"a.py\", line 1, in <module>
    load()
KeyError: 'x'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File \"a.py\", line 9, in main
    run()
my.errors.LoadError: no x";
    assert_eq!(
        show(text),
        [
            "Top my.errors.LoadError | no x | a.py:9 in main",
            "CausedBy KeyError | 'x' | a.py:1 in <module>",
        ]
    );
}

#[test]
fn text_without_an_error_has_no_cause() {
    for text in
        ["", "Job 3 cancelled", "Stage cancelled because SparkContext was shut down", "a.b: c"]
    {
        assert_eq!(show(text), [""; 0], "{text}");
    }
}

#[test]
fn chains_are_bounded() {
    let mut text = String::from("a.B: x");
    for n in 0..1_000 {
        text.push_str(&format!("\nCaused by: a.B: {n}"));
    }
    assert_eq!(causes(&text).len(), Cause::CHAIN_LIMIT);
    let line = "a.B: Lost task 0.0 in stage 0.0 (TID 0): ".repeat(100_000);
    assert_eq!(causes(&line).len(), Cause::CHAIN_LIMIT);
}
