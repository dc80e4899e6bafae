"""Two worlds that differ only in what a policy would hide, as a lake of CSV files."""

import csv
import datetime

COLUMNS = ["restaurant_id", "inventory_item_id", "business_date", "dma_id", "dc_id", "state", "y_05", "y_50", "y_95"]
FIRST = datetime.date(2026, 1, 1)
HIDDEN = {
    1: ([("TX", 300), ("NY", 250), ("QZ", 150), (None, 50), ("ca", 25), ("CA ", 25)], 900001, datetime.date(2099, 12, 1), 66601, 777000, 950950000),
    2: ([("TX", 100), ("QY", 400), (None, 60), ("ca", 20), ("CA ", 33)], 800001, datetime.date(2098, 11, 1), 55501, 666000, 960960000),
}


def rows(world):
    """200 rows that are the same in both worlds but for y_95, then those that are not."""
    states, base, day, dma, y, y_95 = HIDDEN[world]
    for i in range(200):
        yield 1000 + i % 100, 1 + i % 7, FIRST + datetime.timedelta(i % 28), 501 + i % 10, 1 + i % 10, "CA", 100 + i, 200 + i, y_95 + i
    hidden = (state for state, count in states for _ in range(count))
    for i, state in enumerate(hidden):
        yield base + i, 1 + i % 7, day + datetime.timedelta(i % 28), dma + i % 10, 1 + i % 10, state, y + i, y + i + 0.5, y_95 + 1000 + i


def write(lake, world=1):
    """Database `main` with the table `forecast`."""
    folder = lake / "main"
    folder.mkdir(parents=True)
    with open(folder / "forecast.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        out.writerows(["" if value is None else value for value in row] for row in rows(world))
