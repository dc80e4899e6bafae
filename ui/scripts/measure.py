"""Reads advance widths (thousandths of an em) from the shipped Inter, tabular where figures are, so that labels can be
measured where there is no font engine: pip install fonttools brotli && python scripts/measure.py > src/viz/advances.json"""
import json, pathlib
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

FILE = pathlib.Path(__file__).parent.parent / "node_modules/@fontsource-variable/inter/files/inter-latin-opsz-normal.woff2"
ASCII = [chr(c) for c in range(32, 127)]
FIXED = "0123456789-+\u2212.,:() %\u2013"
table = {}
for weight in (400, 600):
    font = instantiateVariableFont(TTFont(FILE), {"wght": weight, "opsz": 14})
    cmap, widths, em = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
    swap = {}
    gsub = font["GSUB"].table
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for sub in gsub.LookupList.Lookup[index].SubTable:
                    swap.update(getattr(getattr(sub, "ExtSubTable", sub), "mapping", {}))
    advance = lambda glyph: round(widths[glyph][0] * 1000 / em)
    table[weight] = {
        "words": [advance(cmap[ord(c)]) for c in ASCII],
        "figures": {c: advance(swap.get(cmap[ord(c)], cmap[ord(c)])) for c in FIXED if ord(c) in cmap},
    }
print(json.dumps(table, ensure_ascii=False, separators=(",", ":")))
