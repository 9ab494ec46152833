"""One uploaded file out of a multipart body, taken in as it arrives; used by handlers that stream their request."""

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from tornado.web import HTTPError

from conf.errors import Invalid

#: A form around one file has few parts, and no text field of ours is long.
MOST_PARTS = 4
LONGEST_FIELD = 1024


class Upload:
    """Parses chunk by chunk. After `end`: `fields` (text fields by name), `file` (the bytes of the file part), `files`.

    `more`: names of further file parts; `longest`: bytes of a text field; `most_parts`: fields and files together.
    """

    def __init__(
        self,
        content_type: str,
        *,
        file_name: str,
        largest: int,
        more: tuple[str, ...] = (),
        longest: int = LONGEST_FIELD,
        most_parts: int = MOST_PARTS,
    ) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise HTTPError(400)
        self.fields: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self._file_names, self._largest, self._longest = (file_name, *more), largest, longest
        self._most_parts = most_parts + len(more)
        self._parts, self._name, self._header = 0, "", [b"", b""]
        self._value = bytearray()
        self._parser = self._parser_of(boundary)

    @property
    def file(self) -> bytes:
        """The first file part, empty when it did not come."""
        return self.files.get(self._file_names[0], b"")

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body. Raises HTTPError 400 (malformed) or Invalid (too large)."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise HTTPError(400) from None

    def end(self) -> None:
        """The body is over; a body cut off is a 400."""
        try:
            self._parser.finalize()
        except FormParserError:
            raise HTTPError(400) from None
        if not self._parts or self._name:
            raise HTTPError(400)

    def _parser_of(self, boundary: bytes) -> MultipartParser:
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_part_data": self._data,
                    "on_part_end": self._finish,
                },
            )
        except FormParserError:
            raise HTTPError(400) from None

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > self._most_parts:
            raise HTTPError(400)
        self._name, self._value = "?", bytearray()

    def _header_field(self, part: bytes, start: int, end: int) -> None:
        self._header[0] += part[start:end]

    def _header_value(self, part: bytes, start: int, end: int) -> None:
        self._header[1] += part[start:end]

    def _header_end(self) -> None:
        field, value = self._header
        self._header = [b"", b""]
        if field.lower() == b"content-disposition":
            self._name = parse_options_header(value)[1].get(b"name", b"?").decode("utf-8", "replace") or "?"

    def _data(self, part: bytes, start: int, end: int) -> None:
        most = self._largest if self._name in self._file_names else self._longest
        if len(self._value) + end - start > most:
            size = f"{most >> 20} MB" if most >= 1 << 20 else f"{most >> 10} KB"
            is_file = self._name in self._file_names
            raise Invalid({self._name: f"文件太大，最多 {size}。" if is_file else "内容太长，请缩短。"})
        self._value += part[start:end]

    def _finish(self) -> None:
        if self._name in self._file_names:
            self.files[self._name] = bytes(self._value)
        else:
            self.fields[self._name] = self._value.decode("utf-8", "replace")
        self._name, self._value = "", bytearray()
