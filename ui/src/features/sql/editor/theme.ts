import { HighlightStyle, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import {
  Decoration,
  EditorView,
  MatchDecorator,
  ViewPlugin,
  type DecorationSet,
  type ViewUpdate,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  {
    tag: [tags.keyword, tags.operatorKeyword, tags.bool, tags.null, tags.typeName],
    color: "var(--syn-key)",
    fontWeight: "500",
  },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--syn-str)" },
  { tag: tags.number, color: "var(--syn-num)" },
  { tag: tags.comment, color: "var(--syn-com)" },
]);

const look = EditorView.theme({
  "&": {
    height: "100%",
    color: "var(--text)",
    backgroundColor: "var(--bg)",
    font: "var(--t-code)",
    fontFeatureSettings: "normal",
  },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { font: "var(--t-code)", lineHeight: "21px", overflow: "auto" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 16px 0 8px" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--text)", borderLeftWidth: "1.5px" },
  ".cm-placeholder": { color: "var(--text-3)" },
  ".cm-gutters": { backgroundColor: "var(--bg)", color: "var(--text-3)", border: "none", fontSize: "12px" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "52px", padding: "0 16px 0 0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--bg-sunken)" },
  ".cm-activeLineGutter": { color: "var(--text)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, & ::selection": {
    backgroundColor: "var(--accent-tint) !important",
  },
  ".cm-activeLine ::selection": { backgroundColor: "var(--accent-tint) !important" },
  ".cm-selectionLayer": { zIndex: "-1" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--bg-active)",
    outline: "none",
    color: "inherit",
  },
  ".cm-nonmatchingBracket": { color: "inherit", backgroundColor: "transparent" },
  ".cm-fn": { color: "var(--syn-fn)" },
  ".cm-parameter": {
    color: "var(--syn-par)",
    backgroundColor: "var(--syn-par-bg)",
    borderRadius: "3px",
    padding: "1px 2px",
    margin: "0 -2px",
  },
  ".cm-parameter *": { color: "inherit !important", fontWeight: "400 !important" },
  ".cm-optional, .cm-optional *": { color: "var(--syn-par) !important", fontWeight: "600" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--bad) 1px",
    textUnderlineOffset: "3px",
  },
  ".cm-tooltip": {
    border: "none",
    borderRadius: "var(--r-3)",
    backgroundColor: "var(--bg-raised)",
    color: "var(--text)",
    boxShadow: "var(--shadow-pop)",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    font: "var(--t-small)",
    fontFamily: "var(--font-mono)",
    maxHeight: "240px",
    padding: "4px",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", borderRadius: "4px", lineHeight: "18px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--bg-active)", color: "var(--text)" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent-text)", fontWeight: "600" },
  ".cm-completionDetail": { color: "var(--text-3)", fontStyle: "normal", marginLeft: "12px" },
  ".cm-diagnostic": { font: "var(--t-small)", padding: "8px 10px", borderLeft: "none", maxWidth: "420px" },
  ".cm-panels": { backgroundColor: "var(--bg-sunken)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-panel.cm-search": { font: "var(--t-small)", padding: "6px 12px" },
  ".cm-panel.cm-search .cm-textfield": {
    backgroundColor: "var(--bg-field)",
    border: "1px solid var(--line-ctl)",
    borderRadius: "var(--r-2)",
    fontSize: "12px",
  },
  ".cm-panel.cm-search .cm-button": {
    backgroundImage: "none",
    backgroundColor: "var(--bg)",
    border: "1px solid var(--line-2)",
    borderRadius: "var(--r-2)",
    fontSize: "12px",
  },
  ".cm-searchMatch": { backgroundColor: "var(--warn-tint)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--syn-par-bg)" },
});

/** Parameters, optional clauses and function calls: what an SQL grammar does not know, or does not tell apart. */
const marks = new MatchDecorator({
  regexp: /\{\{\s*[A-Za-z_]\w*\s*\}\}|\[\[|\]\]|[A-Za-z_]\w*(?=\()/g,
  decorate: (add, from, to, match, view) => {
    const node = syntaxTree(view.state).resolveInner(from, 1).name;
    if (/Comment|String/.test(node)) return;
    const [first = ""] = match;
    if (first.startsWith("{{")) add(from, to, Decoration.mark({ class: "cm-parameter" }));
    else if (first === "[[" || first === "]]") add(from, to, Decoration.mark({ class: "cm-optional" }));
    else if (node !== "Keyword" && node !== "Type") add(from, to, Decoration.mark({ class: "cm-fn" }));
  },
});

const markPlugin = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = marks.createDeco(view);
    }
    update(update: ViewUpdate) {
      // The parser may finish after the text changed; then what was a string is known to be one.
      const reparsed = syntaxTree(update.startState) !== syntaxTree(update.state);
      this.decorations = reparsed ? marks.createDeco(update.view) : marks.updateDeco(update, this.decorations);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

export const editorTheme = [look, syntaxHighlighting(colours), markPlugin];
