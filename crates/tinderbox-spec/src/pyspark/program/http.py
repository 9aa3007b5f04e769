class SameHostOnly(urllib.request.HTTPRedirectHandler):
    """Follows no answer to another host, which would get the headers."""

    def redirect_request(self, request, file, code, message, headers, url):
        if urllib.parse.urlsplit(url)[:2] != urllib.parse.urlsplit(request.full_url)[:2]:
            raise RuntimeError(f"{request.full_url} sends to another host: {url}")
        return super().redirect_request(request, file, code, message, headers, url)


class HttpPages:
    """The records of a paged HTTP interface, one page in memory at a time."""

    max_page_bytes = 64 * 1024 * 1024

    def __init__(
        self,
        url: str,
        method: str = "GET",
        headers: dict | None = None,
        params: dict | None = None,
        body: str | None = None,
        records: list | None = None,
        paging: str = "none",
        param: str = "",
        first: int = 0,
        path: list | None = None,
        max_pages: int | None = None,
        retries: int = 5,
        timeout: int = 30,
    ) -> None:
        self.url = url
        self.method = method
        self.headers = {"Accept": "application/json", **(headers or {})}
        self.params = dict(params or {})
        self.body = body
        self.records_path = records or []
        self.paging = paging
        self.param = param
        self.first = first
        self.path = path or []
        self.max_pages = max_pages
        self.retries = retries
        self.timeout = timeout

    def records(self) -> Iterator[str]:
        """Each record as JSON."""
        url, place, seen, pages = self.url, self.first, set(), 0
        params = dict(self.params)
        while self.max_pages is None or pages < self.max_pages:
            if self.paging in ("page", "offset"):
                params[self.param] = str(place)
            answer, link = self.page(url, params)
            pages += 1
            records = self.within(answer, self.records_path)
            if records is None:
                records = []
            elif not isinstance(records, list):
                records = [records]
            for record in records:
                yield json.dumps(record)
            if self.paging == "page" and records:
                place += 1
            elif self.paging == "offset" and records:
                place += len(records)
            elif self.paging in ("cursor", "link"):
                following = self.within(answer, self.path) if self.path else link
                if following in (None, ""):
                    return
                if following in seen:
                    raise RuntimeError(f"{self.url} names a page twice: {following}")
                seen.add(following)
                if self.paging == "cursor":
                    params[self.param] = str(following)
                else:
                    url, params = self.beside(url, following), {}
            else:
                return

    def page(self, url: str, params: dict) -> tuple:
        """The answer, and the next page that its header names; asked again with growing pauses."""
        parts = urllib.parse.urlsplit(url)
        query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        query = urllib.parse.urlencode(query + list(params.items()))
        data = self.body.encode() if self.body is not None else None
        headers = dict(self.headers)
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(
            urllib.parse.urlunsplit(parts._replace(query=query)),
            data=data,
            headers=headers,
            method=self.method,
        )
        opener = urllib.request.build_opener(SameHostOnly)
        for attempt in range(self.retries + 1):
            pause = min(0.5 * 2**attempt, 60)
            try:
                with opener.open(request, timeout=self.timeout) as response:
                    text = response.read(self.max_page_bytes + 1)
                    if len(text) > self.max_page_bytes:
                        raise RuntimeError(f"a page of {self.url} has more than 64 MiB")
                    link = response.headers.get("Link", "")
                    following = re.search(r'<([^>]*)>\s*;[^,]*rel="?next"?', link)
                    return json.loads(text), following and following.group(1)
            except urllib.error.HTTPError as error:
                if attempt == self.retries or not (error.code == 429 or error.code >= 500):
                    raise RuntimeError(f"{self.url} answers {error.code}") from error
                wait = error.headers.get("Retry-After", "")
                pause = min(int(wait), 60) if wait.isdigit() else pause
            except (OSError, http.client.HTTPException) as error:
                if attempt == self.retries:
                    raise RuntimeError(f"{self.url} does not answer") from error
            time.sleep(pause)

    def beside(self, url: str, link: str) -> str:
        """A link of an answer, which must not lead the headers to another host."""
        target = urllib.parse.urljoin(url, link)
        if urllib.parse.urlsplit(target)[:2] != urllib.parse.urlsplit(self.url)[:2]:
            raise RuntimeError(f"{self.url} names a page of another host: {target}")
        return target

    @staticmethod
    def within(answer, path: list):
        for key in path:
            answer = answer.get(key) if isinstance(answer, dict) else None
        return answer
