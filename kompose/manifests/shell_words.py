"""The words of a label that holds a command line. Pure.

Follows google/shlex: quotes, backslashes, and comments from a `#` that starts a word.
"""

_BLANKS = " \t\r\n"


def label_words(text: str) -> list[str]:
    """The words; the last one is not there when it is not complete at the end."""
    words: list[str] = []
    word: str | None = None
    quote = ""
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\" and quote != "'":
            if position == len(text):
                return words
            word = (word or "") + text[position]
            position += 1
        elif quote:
            if character == quote:
                quote = ""
            else:
                word = (word or "") + character
        elif character in "'\"":
            quote = character
            word = word or ""
        elif character in _BLANKS:
            if word is not None:
                words.append(word)
            word = None
        elif character == "#" and word is None:
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        else:
            word = (word or "") + character
    if quote:
        return words
    return [*words, word] if word is not None else words
