"""What a run says: rows of the table, geometric means, the TSV file (written and read), the plot.

Results are {interpreter: {workload: numbers}}; numbers are those of measure.combined, and "instructions" where they were counted. `groups` is {workload: group}.
"""
import math
from xml.sax.saxutils import escape

BASE = "python3.11"
COLUMNS = ("iterations", "first", "best", "median", "spread", "between", "memory", "instructions")
NOISY_SPREAD, NOISY_BETWEEN = 0.10, 0.10


def geometric_mean(values):
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else 0.0


def ratio(base, ours, what):
    """How many times as fast (or, of memory, how many times as much) as the base; None when one of them is not known."""
    if not base or not ours or not base.get(what) or not ours.get(what):
        return None
    return ours[what] / base[what] if what == "memory" else base[what] / ours[what]


def noisy(numbers):
    return bool(numbers) and (numbers["spread"] > NOISY_SPREAD or numbers["between"] > NOISY_BETWEEN)


# ---- the table


def shown_columns(counted):
    return ("best", "median", "first", "memory") + (("instructions",) if counted else ())


def heading(others, counted):
    width = 7 * len(shown_columns(counted)) - 1
    names = " ".join(f"| {p + ', ' + BASE + ' = 1':{width}}" for p in others)
    return (f"{'':28} {BASE:>12} {names}\n{'workload':28} {'best, s':>12} " +
            " ".join("| " + " ".join(f"{'instr' if c == 'instructions' else c:>6}" for c in shown_columns(counted)) for _ in others))


def row(name, results, others, counted):
    base = results[BASE].get(name)
    cells = []
    for p in others:
        ours = results[p].get(name)
        if not ours:
            cells.append(f"| {'failed':{7 * len(shown_columns(counted)) - 1}}")
            continue
        values = [ratio(base, ours, c) for c in shown_columns(counted)]
        cells.append("| " + " ".join(f"{v:6.2f}" if v else f"{'-':>6}" for v in values))
    mark = " ~" if any(noisy(results[p].get(name)) for p in (BASE, *others)) else ""
    best = f"{base['best']:12.6f}" if base else f"{'failed':>12}"
    return f"{name:28} {best} " + " ".join(cells) + mark


def summary(results, groups, others, counted):
    """Lines with the geometric means of each group of workloads and of all, and what was noisy."""
    lines = []
    for group in (*dict.fromkeys(groups.values()), None):
        names = [n for n, g in groups.items() if group in (g, None)]
        if group is None and len(set(groups.values())) < 2:
            continue
        for p in others:
            found = {c: {n: ratio(results[BASE].get(n), results[p].get(n), c) for n in names} for c in shown_columns(counted)}
            known = {n: v for n, v in found["best"].items() if v}
            if known:
                least = min(known, key=known.get)
                lines.append(f"{group or 'all'}: {p}: geometric means of {len(known)} workloads: " +
                             ", ".join(f"{c} {geometric_mean(found[c].values()):.2f}" for c in shown_columns(counted)) + f"; least {known[least]:.2f} ({least})")
    names = [n for n in groups if any(noisy(results[p].get(n)) for p in (BASE, *others))]
    if names:
        lines.append(f"noisy (~: the median deviation of an interpreter's times, or the distance of its rounds' best, is over {NOISY_BETWEEN:.0%}): {' '.join(names)}")
    if len(names) > len(groups) / 4:
        lines.append(f"THIS RUN WAS TOO NOISY: {len(names)} of {len(groups)} workloads; repeat it when the machine is quiet")
    return lines


# ---- TSV


def write_tsv(path, results, groups, notes):
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"# times in seconds an iteration, memory in KiB; {notes}\n")
        out.write("group\tworkload\tinterpreter\t" + "\t".join(COLUMNS) + "\n")
        for name, group in groups.items():
            for p, found in results.items():
                if found.get(name):
                    out.write(f"{group}\t{name}\t{p}\t" + "\t".join(f"{found[name].get(c) or 0:.9g}" for c in COLUMNS) + "\n")


def read_tsv(path):
    """(results, groups, notes) of a file that write_tsv wrote."""
    results, groups, notes = {}, {}, ""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                notes = line.split("; ", 1)[1].strip()
                continue
            group, name, program, *numbers = line.rstrip("\n").split("\t")
            if program == "interpreter":
                continue
            groups[name] = group
            results.setdefault(program, {})[name] = dict(zip(COLUMNS, map(float, numbers)))
    return results, groups, notes


# ---- the plot


COLORS = ("#2f6f4f", "#c9762b", "#5b6abf", "#8a4f7d")


def plot(results, groups, others, notes):
    """An SVG: a line for each workload on a logarithmic scale; a disc is the best iteration, a ring the first."""
    left, width, line, top = 190, 620, 13, 64
    unsure = sum(any(noisy(results[p].get(n)) for p in (BASE, *others)) for n in groups)
    if unsure:
        notes += f"; times of {unsure} of {len(groups)} workloads were noisy"
    rows = []
    for group in dict.fromkeys(groups.values()):
        names = [n for n, g in groups.items() if g == group and results[BASE].get(n)]
        names.sort(key=lambda n: -(ratio(results[BASE][n], results[others[0]].get(n), "best") or 0))
        rows += [(group, None)] + [(None, n) for n in names]
    values = [ratio(results[BASE][n], results[p].get(n), c) for _, n in rows if n for p in others for c in ("best", "first")]
    values = [v for v in values if v]
    low, high = min([0.5, *values]), max([2.0, *values])

    def x(value):
        return left + width * math.log(value / low) / math.log(high / low)

    height = top + line * len(rows) + 20
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 30} {height}" font-family="sans-serif" font-size="10">',
           f'<rect width="{left + width + 30}" height="{height}" fill="white"/>',
           f'<text x="{left}" y="16" font-size="13" font-weight="bold">times as fast as {BASE} (right of 1 is faster)</text>',
           f'<text x="{left}" y="30" fill="#555">{escape(notes)}</text>']
    for i, p in enumerate(others):
        at = left + 190 * i
        out.append(f'<circle cx="{at + 4}" cy="42" r="3.5" fill="{COLORS[i % 4]}"/><text x="{at + 12}" y="45.5">{escape(p)}: best iteration</text>'
                   f'<circle cx="{at + 114}" cy="42" r="3" fill="none" stroke="{COLORS[i % 4]}"/><text x="{at + 122}" y="45.5">first</text>')
    for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 50, 100, 200):
        if low <= tick <= high:
            color, thick = ("#333", 1.2) if tick == 1 else ("#ddd", 0.7)
            out.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top - 4}" y2="{height - 14}" stroke="{color}" stroke-width="{thick}"/>'
                       f'<text x="{x(tick):.1f}" y="{height - 4}" text-anchor="middle" fill="#555">{tick:g}</text>')
    for i, (group, name) in enumerate(rows):
        y = top + line * i + 6
        if group:
            means = [f"{p} best {geometric_mean([ratio(results[BASE].get(n), results[p].get(n), 'best') for n, g in groups.items() if g == group]):.2f}" for p in others]
            out.append(f'<text x="6" y="{y + 3}" font-weight="bold">{escape(group)}</text>'
                       f'<text x="{left + width + 24}" y="{y + 3}" text-anchor="end" font-weight="bold">geometric mean: {escape(", ".join(means))}</text>')
            continue
        out.append(f'<text x="{left - 8}" y="{y + 3}" text-anchor="end">{escape(name)}</text>')
        for j, p in reversed(list(enumerate(others))):
            best, first = (ratio(results[BASE][name], results[p].get(name), c) for c in ("best", "first"))
            color = COLORS[j % 4]
            if best and j == 0:
                a, b = sorted((x(1), x(best)))
                out.append(f'<rect x="{a:.1f}" y="{y - 2.5}" width="{b - a:.1f}" height="5" fill="{color}" opacity="0.35"/>')
            if first:
                out.append(f'<circle cx="{x(first):.1f}" cy="{y}" r="2.6" fill="none" stroke="{color}"/>')
            if best:
                out.append(f'<circle cx="{x(best):.1f}" cy="{y}" r="3.2" fill="{color}"/>')
    out.append("</svg>\n")
    return "\n".join(out)
