"""Figures as a picture and as a page for the browser: nothing runs in it, nothing is fetched, and it reads in grey."""

from collections.abc import Iterator, Sequence
from html import escape

from app.reports.figures.page import NOT_SHOWN, Page
from app.reports.figures.plain import notes, number, percent
from app.reports.figures.published import Figure

_LINE, _LABELS, _BARS, _NUMBERS = 26, 300, 300, 150
_WIDTH = _LABELS + _BARS + _NUMBERS
_LONGEST = 38
_INK, _BAR, _RANGE = "#1a1a1a", "#5b6f8f", "#1a1a1a"
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.5rem}figure{margin:1rem 0}svg{max-width:100%;height:auto}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
caption{text-align:left;font-weight:600;padding:.4rem 0}th,td{padding:.25rem .6rem;border-bottom:1px solid #bbb;text-align:right}
th:first-child{text-align:left}th{font-weight:600}td{white-space:nowrap}
tbody th{font-weight:400}.share{color:#555}ul{color:#444;font-size:.9rem}
"""


def html(title: str, pages: Sequence[Page]) -> str:
    """One file that can be sent and printed."""
    body = "".join(_section(page, f"chart{place}") for place, page in enumerate(pages))
    told = "".join(f"<li>{escape(note)}</li>" for note in notes(pages))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<style>{_STYLE}</style></head><body>\n<h1>{escape(title)}</h1>\n{body}<h2>Notes</h2><ul>{told}</ul>\n</body></html>\n"
    )


def svg(page: Page, name: str = "chart") -> str:
    """The bars of a question, all groups together; the line over the end of a bar is its 95 % interval."""
    height = _LINE * (len(page.rows) + 2)
    described = "; ".join(
        f"{row.label}: {percent(row.figures[0].share) or number(row.figures[0].n)}" for row in page.rows
    ).replace(NOT_SHOWN, "not shown")
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
            f' role="img" aria-labelledby="{name}-title {name}-words" font-family="system-ui,sans-serif" font-size="14"'
            f' fill="{_INK}">'
        ),
        f'<title id="{name}-title">{escape(page.label or page.question)}</title>',
        f'<desc id="{name}-words">{escape(described)}</desc>',
    ]
    for place, row in enumerate(page.rows):
        parts += _bar(place, row.label, row.figures[0])
    parts.append(
        f'<text x="{_LABELS}" y="{height - 12}" fill="#444">Answered: {number(page.columns[0].base)}</text></svg>'
    )
    return "\n".join(parts) + "\n"


def _bar(place: int, label: str, figure: Figure) -> Iterator[str]:
    top = place * _LINE + 6
    middle = top + 9
    shown = label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"
    yield f'<text x="{_LABELS - 10}" y="{middle + 5}" text-anchor="end">{escape(shown)}</text>'
    said = number(figure.n)
    end = _LABELS
    if figure.share is not None:
        end = _LABELS + round(_BARS * figure.share)
        yield f'<rect x="{_LABELS}" y="{top}" width="{end - _LABELS}" height="18" fill="{_BAR}"/>'
        low, high = (_LABELS + round(_BARS * each) for each in (figure.low or 0, figure.high or 0))
        yield f'<path d="M{low} {middle}H{high}M{low} {middle - 5}v10M{high} {middle - 5}v10" stroke="{_RANGE}" fill="none"/>'
        end, said = max(end, high), f"{percent(figure.share)} ({said})"
    yield f'<text x="{end + 8}" y="{middle + 5}">{said}</text>'


def _section(page: Page, name: str) -> str:
    where = f"<p>Of those: {escape(page.where)}.</p>" if page.where else ""
    picture = f"<figure>{svg(page, name)}</figure>"
    return f"<section><h2>{escape(page.label or page.question)}</h2>{where}{picture}{_table(page)}</section>\n"


def _table(page: Page) -> str:
    caption = ", ".join(page.by) or "All"
    head = "".join(f'<th scope="col">{escape(row.label)}</th>' for row in page.rows)
    lines = []
    for place, column in enumerate(page.columns):
        cells = "".join(
            f"<td>{_number(row.figures[place].n)}{_share(row.figures[place].share)}</td>" for row in page.rows
        )
        lines.append(f'<tr><th scope="row">{escape(column.label)}</th>{cells}<td>{_number(column.base)}</td></tr>')
    return (
        f'<div class="wide"><table><caption>{escape(caption)}</caption><thead><tr><th scope="col"></th>{head}'
        f'<th scope="col">Answered</th></tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
    )


def _number(n: int | None) -> str:
    return f'<abbr title="not shown">{NOT_SHOWN}</abbr>' if n is None else number(n)


def _share(share: float | None) -> str:
    return "" if share is None else f' <span class="share">{percent(share)}</span>'
