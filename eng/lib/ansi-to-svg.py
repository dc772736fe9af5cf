"""Turns what a terminal shows, with its colour codes, from standard input into an SVG on standard output."""
import html
import re
import sys

COLORS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "36": "#79c0ff", "90": "#8b949e"}
WIDTH, HEIGHT, MARGIN = 8.43, 19, 16


def color_of(codes: str, current: str) -> str:
    parts = codes.split(";")
    if codes in ("", "0", "39"):
        return "#e6edf3"
    if parts[:2] == ["38", "5"]:
        indexed = {"9": "31", "10": "32", "11": "33", "14": "36", "2": "32", "3": "33", "6": "36", "8": "90", "1": "31"}
        return COLORS.get(indexed.get(parts[2], ""), "#e6edf3")
    for part in parts:
        if part in COLORS:
            return COLORS[part]
        if part in ("92", "91", "93", "96"):
            return COLORS[{"92": "32", "91": "31", "93": "33", "96": "36"}[part]]
    return current


lines = sys.stdin.read().rstrip("\n").split("\n")
columns = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)
width, height = columns * WIDTH + 2 * MARGIN, (len(lines) + 2) * HEIGHT + MARGIN
print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" role="img" aria-label="parley demo">')
print(f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/><g font-family="Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="14" xml:space="preserve">')
print(f'<text x="{MARGIN}" y="{MARGIN + HEIGHT}" fill="#8b949e">$ parley demo</text>')
color = "#e6edf3"
for row, line in enumerate(lines):
    x, y = float(MARGIN), MARGIN + HEIGHT * (row + 2)
    for text, codes in re.findall(r"([^\x1b]+)|\x1b\[([0-9;]*)m", line):
        if not text:
            color = color_of(codes, color)
            continue
        if text.strip():
            length = len(text) * WIDTH
            print(f'<text x="{x:.1f}" y="{y}" fill="{color}" textLength="{length:.1f}" lengthAdjust="spacing">{html.escape(text)}</text>')
        x += len(text) * WIDTH
print("</g></svg>")
