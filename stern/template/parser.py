"""Tokens to trees: one body for the template, and one for each that it defines. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from kube_client.go_quote import quoted
from stern.errors import TemplateError
from stern.template import nodes
from stern.template.lexer import Item, Token, failure, tokens
from stern.template.literals import character, number, string

_OPERANDS = frozenset(
    (
        Token.STRING, Token.CHAR, Token.NUMBER, Token.BOOL, Token.NIL, Token.DOT, Token.FIELD,
        Token.VARIABLE, Token.IDENTIFIER, Token.OPEN,
    )
)  # fmt: skip


@dataclass(slots=True)
class Parsed:
    """The trees of a template text, by name; `log` is the main one."""

    source: str
    bodies: dict[str, nodes.Body] = field(default_factory=dict)


def parse(source: str, functions: Container[str]) -> Parsed:
    """The trees of a template.

    Raises:
        TemplateError: The text is no template; the message is close to Go's.
    """
    return _Parser(source, functions).whole()


def _all_tokens(source: str) -> tuple[list[Item], TemplateError | None]:
    """The tokens up to what is none; that is an error only when the parser comes to it."""
    found: list[Item] = []
    try:
        found.extend(tokens(source))
    except TemplateError as error:
        return found, error
    return found, None


def _is_blank(body: nodes.Body) -> bool:
    return all(isinstance(one, nodes.Text) and not one.text.strip() for one in body)


class _Parser:
    def __init__(self, source: str, functions: Container[str]) -> None:
        self._source = source
        self._functions = functions
        self._items, self._lexical_error = _all_tokens(source)
        self._at = 0
        self._variables = [("$", "$")]  # as written, and by a name of their own; inner ones last
        self._count = 0
        self._ranges = 0
        self._parsed = Parsed(source)

    def whole(self) -> Parsed:
        body, ending = self._body("")
        if ending != "":
            raise self._error(f"unexpected {{{{{ending}}}}}")
        self._parsed.bodies["log"] = body
        return self._parsed

    # -- tokens --------------------------------------------------------------------------------

    def _peek(self) -> Item:
        if self._at >= len(self._items) and self._lexical_error is not None:
            raise self._lexical_error
        return self._items[self._at]

    def _next(self) -> Item:
        item = self._peek()
        self._at += 1
        return item

    def _skip_space(self) -> Item:
        while self._peek().token is Token.SPACE:
            self._at += 1
        return self._peek()

    def _expect(self, token: Token, context: str) -> Item:
        item = self._skip_space()
        if item.token is not token:
            raise self._unexpected(item, context)
        return self._next()

    def _unexpected(self, item: Item, context: str) -> TemplateError:
        shown = "EOF" if item.token is Token.END else quoted(item.text)
        if item.token in (Token.DOT, Token.KEYWORD, Token.NIL):
            shown = f"<{item.text}>"
        return failure(self._source, item.offset, f"unexpected {shown} in {context}")

    def _error(self, reason: str) -> TemplateError:
        offset = self._items[min(self._at, len(self._items) - 1)].offset
        return failure(self._source, offset, reason)

    def _text(self, start: int, end: int | None = None) -> str:
        last = self._items[self._at - 1]
        stop = last.offset + len(last.text) if end is None else end
        return self._source[start:stop].strip()

    # -- statements ----------------------------------------------------------------------------

    def _body(self, opener: str) -> tuple[nodes.Body, str]:
        """Statements up to `end`, `else` or the text's end, and which of them it was."""
        statements: list[nodes.Statement] = []
        while True:
            item = self._next()
            if item.token is Token.TEXT:
                statements.append(nodes.Text(item.text))
            elif item.token is Token.END:
                if opener:
                    raise self._error("unexpected EOF")
                return tuple(statements), ""
            else:
                word = self._keyword()
                if word in ("end", "else"):
                    if not opener:
                        raise self._error(f"unexpected {{{{{word}}}}}")
                    return tuple(statements), word
                statements.extend(self._statement(word, opener))

    def _keyword(self) -> str:
        item = self._skip_space()
        if item.token is not Token.KEYWORD:
            return ""
        self._next()
        if item.text == "end":
            self._expect(Token.RIGHT, "end")
        return item.text

    def _statement(self, word: str, opener: str) -> list[nodes.Statement]:
        match word:
            case "if" | "with" | "range":
                return [self._branch(word)]
            case "define":
                if opener:
                    raise self._error("unexpected <define> in command")
                self._define()
                return []
            case "template":
                return [self._call()]
            case "block":
                return [self._block()]
            case "break" | "continue":
                if not self._ranges:
                    raise self._error(f"{{{{{word}}}}} outside {{{{range}}}}")
                self._expect(Token.RIGHT, word)
                return [nodes.Leave(goes_on=word == "continue")]
            case _:
                pipeline = self._pipeline("command")
                self._expect(Token.RIGHT, "command")
                return [nodes.Action(pipeline)]

    def _branch(self, word: str) -> nodes.Statement:
        known = len(self._variables)
        pipeline = self._pipeline(word)
        self._expect(Token.RIGHT, word)
        self._ranges += word == "range"
        body, ending = self._body(word)
        self._ranges -= word == "range"
        otherwise: nodes.Body = ()
        if ending == "else":
            otherwise = self._otherwise(word)
        del self._variables[known:]
        if word == "range":
            return nodes.Range(pipeline, body, otherwise)
        make = nodes.If if word == "if" else nodes.With
        return make(pipeline, body, otherwise)

    def _otherwise(self, word: str) -> nodes.Body:
        item = self._skip_space()
        if item.token is Token.KEYWORD and item.text == word and word in ("if", "with"):
            self._next()
            return (self._branch(word),)
        self._expect(Token.RIGHT, "else")
        body, ending = self._body(word)
        if ending == "else":
            raise self._error("expected end; found {{else}}")
        return body

    def _name(self, context: str) -> str:
        return string(self._expect(Token.STRING, context).text)

    def _define(self) -> None:
        name = self._name("define clause")
        self._expect(Token.RIGHT, "define clause")
        self._add(name, self._separate_body("define"))

    def _add(self, name: str, body: nodes.Body) -> None:
        """Keep a body under its name; an empty one gives way to another."""
        known = self._parsed.bodies.get(name)
        if not _is_blank(body):
            if known is not None and not _is_blank(known):
                raise self._error(f'template: multiple definition of template "{name}"')
            self._parsed.bodies[name] = body
        elif known is None:
            self._parsed.bodies[name] = body

    def _separate_body(self, word: str) -> nodes.Body:
        """A body that does not see the variables around it."""
        outer, self._variables = self._variables, [("$", "$")]
        ranges, self._ranges = self._ranges, 0
        body, ending = self._body(word)
        if ending != "end":
            raise self._error(f"unexpected {{{{{ending}}}}} in {word} clause")
        self._variables, self._ranges = outer, ranges
        return body

    def _call(self) -> nodes.Call:
        offset = self._skip_space().offset
        name = self._name("template clause")
        pipeline = None
        if self._skip_space().token is not Token.RIGHT:
            pipeline = self._pipeline("template clause")
        self._expect(Token.RIGHT, "template clause")
        return nodes.Call(name, pipeline, offset)

    def _block(self) -> nodes.Call:
        offset = self._peek().offset
        name = self._name("block clause")
        pipeline = self._pipeline("block clause")
        self._expect(Token.RIGHT, "block clause")
        self._add(name, self._separate_body("block"))
        return nodes.Call(name, pipeline, offset)

    # -- pipelines -----------------------------------------------------------------------------

    def _pipeline(self, context: str) -> nodes.Pipeline:
        start = self._skip_space().offset
        variables, declares = self._assigned(context)
        commands = []
        while True:
            token = self._skip_space().token
            if token in (Token.RIGHT, Token.CLOSE):
                break
            if token not in _OPERANDS:
                raise self._unexpected(self._peek(), context)
            commands.append(self._command(context))
            if self._skip_space().token is not Token.PIPE:
                break
            self._next()
        if not commands:
            raise self._error(f"missing value for {context}")
        for command in commands[1:]:
            if isinstance(command.words[0], nodes.Constant | nodes.Dot):
                raise self._error(f"non executable command in pipeline stage {len(commands)}")
        own_names = self._declared(variables) if declares else map(self._own_name, variables)
        text = self._text(start)
        return nodes.Pipeline(tuple(commands), tuple(own_names), text, start)

    def _declared(self, names: tuple[str, ...]) -> list[str]:
        """Names that are theirs alone for newly declared variables: no scopes when it runs."""
        own_names = []
        for name in names:
            self._count += 1
            own_names.append(f"{name}#{self._count}")
        self._variables.extend(zip(names, own_names, strict=True))
        return own_names

    def _own_name(self, name: str) -> str:
        for known, own_name in reversed(self._variables):
            if known == name:
                return own_name
        raise self._error(f'undefined variable "{name}"')

    def _assigned(self, context: str) -> tuple[tuple[str, ...], bool]:
        """The variables before `:=` or `=`, if this pipeline begins so."""
        start = self._at
        names = []
        while self._skip_space().token is Token.VARIABLE:
            names.append(self._next().text)
            item = self._skip_space()
            if item.token in (Token.DECLARE, Token.ASSIGN):
                self._next()
                self._check_assigned(names, context, declares=item.token is Token.DECLARE)
                return tuple(names), item.token is Token.DECLARE
            if item.token is not Token.COMMA:
                break
            if context != "range" or len(names) > 1:
                raise self._error(f"too many declarations in {context}")
            self._next()
        self._at = start
        return (), False

    def _check_assigned(self, names: list[str], context: str, *, declares: bool) -> None:
        if len(names) > 1 and context != "range":
            raise self._error(f"too many declarations in {context}")
        if not declares:
            for name in names:
                self._own_name(name)

    def _command(self, context: str) -> nodes.Command:
        start = self._peek().offset
        words = []
        while True:
            words.append(self._operand(context))
            item = self._peek()
            if item.token is not Token.SPACE:
                break
            if self._skip_space().token not in _OPERANDS:
                break
        item = self._peek()
        if item.token not in (Token.SPACE, Token.PIPE, Token.RIGHT, Token.CLOSE):
            raise self._unexpected(item, "operand")
        return nodes.Command(tuple(words), self._text(start), start)

    def _operand(self, context: str) -> nodes.Operand:
        item = self._next()
        start: nodes.Operand = self._term(item, context)
        names: list[str] = []
        offset = item.offset
        if item.token is Token.FIELD:
            names.append(item.text[1:])
        while self._peek().token is Token.FIELD:
            field = self._next()
            names.append(field.text[1:])
            if item.token is Token.FIELD:
                offset = field.offset
        if not names:
            return start
        if isinstance(start, nodes.Constant):
            raise self._error(f"unexpected . after term {quoted(item.text)}")
        return nodes.Chain(start, tuple(names), self._text(item.offset), offset)

    def _term(self, item: Item, context: str) -> nodes.Operand:
        text, offset = item.text, item.offset
        match item.token:
            case Token.STRING | Token.CHAR | Token.NUMBER | Token.BOOL | Token.NIL:
                return nodes.Constant(self._constant(item), text, offset)
            case Token.DOT | Token.FIELD:
                return nodes.Dot(".", offset)
            case Token.VARIABLE:
                return nodes.Variable(self._own_name(text), text, offset)
            case Token.IDENTIFIER:
                if text not in self._functions:
                    raise self._error(f'function "{text}" not defined')
                return nodes.Function(text, text, offset)
            case Token.OPEN:
                pipeline = self._pipeline("parenthesized pipeline")
                self._expect(Token.CLOSE, "parenthesized pipeline")
                return pipeline
            case _:
                raise self._unexpected(item, context)

    def _constant(self, item: Item) -> object:
        text = item.text
        match item.token:
            case Token.STRING:
                return string(text)
            case Token.CHAR:
                return character(text)
            case Token.NUMBER:
                value = number(text)
                if value is None:
                    raise self._error(f'illegal number syntax: "{text}"')
                return value
            case _:
                return {"true": True, "false": False}.get(text)
