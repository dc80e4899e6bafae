import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  completionStatus,
  selectedCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab, toggleComment } from "@codemirror/commands";
import { sql } from "@codemirror/lang-sql";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, Prec, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, type Ref } from "react";
import { insertion } from "../text/insertion";
import { completeSql, type Schema } from "./completion";
import { DIALECTS } from "./dialect";
import { editorTheme } from "./theme";

export interface EditorHandle {
  selection(): { from: number; to: number };
  /** Puts a name in where the cursor is. */
  insert(name: string): void;
  /** Replaces the whole text as one step that can be undone. */
  replace(text: string): void;
  reveal(offset: number): void;
  focus(): void;
}

export interface EditorCommands {
  run(): void;
  runAll(): void;
  /** True when there was something to stop. */
  stop(): boolean;
  save(): void;
  format(): void;
}

interface Props {
  ref: Ref<EditorHandle>;
  /** Another document: another undo history, another selection. */
  documentKey: string;
  text: string;
  onChange: (text: string) => void;
  onSelection: (selection: { from: number; to: number }) => void;
  commands: EditorCommands;
  schema: Schema;
  problem: { from: number; to: number; message: string } | null;
}

/** The page's nonce: the editor brings its styles along, and the content policy lets no other in. */
function nonce(): string {
  return document.querySelector<HTMLElement>("script[nonce], style[nonce]")?.nonce ?? "";
}

/** Whose SQL the editor reads; another one when the tab looks elsewhere. */
const language = new Compartment();

const speaking = ({ dialect }: Pick<Schema, "dialect">) => language.reconfigure(sql({ dialect: DIALECTS[dialect] }));

export default function SqlEditor({ ref, ...props }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const extensions = useRef<Extension>([]);
  const states = useRef(new Map<string, EditorState>());
  const shown = useRef(props.documentKey);
  const latest = useRef(props);
  useLayoutEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    extensions.current = editorExtensions(latest);
    const state = EditorState.create({ doc: latest.current.text, extensions: extensions.current });
    const created = new EditorView({ state, parent: host.current as HTMLDivElement });
    view.current = created;
    shown.current = latest.current.documentKey;
    created.focus();
    return () => created.destroy();
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    if (shown.current !== props.documentKey) {
      states.current.set(shown.current, editor.state);
      shown.current = props.documentKey;
      editor.setState(
        states.current.get(props.documentKey) ??
          EditorState.create({ doc: props.text, extensions: extensions.current }),
      );
      editor.dispatch({ effects: speaking(latest.current.schema) });
      latest.current.onSelection(editor.state.selection.main);
    }
    if (editor.state.doc.toString() !== props.text) replaceAll(editor, props.text);
  }, [props.documentKey, props.text]);

  const { dialect } = props.schema;
  useEffect(() => {
    view.current?.dispatch({ effects: speaking({ dialect }) });
  }, [dialect]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const length = editor.state.doc.length;
    const found =
      props.problem && props.problem.from < length
        ? [{ ...props.problem, to: Math.min(props.problem.to, length), severity: "error" as const }]
        : [];
    editor.dispatch(setDiagnostics(editor.state, found));
  }, [props.problem]);

  useImperativeHandle(ref, () => ({
    selection: () => view.current?.state.selection.main ?? { from: 0, to: 0 },
    insert: (name) => {
      const editor = view.current;
      if (!editor) return;
      const { doc, selection } = editor.state;
      const changes = insertion(doc.toString(), selection.main, name);
      const anchor = changes.from + changes.insert.length;
      editor.dispatch({ changes, selection: { anchor }, scrollIntoView: true });
      editor.focus();
    },
    replace: (text) => view.current && replaceAll(view.current, text),
    reveal: (offset) => {
      view.current?.dispatch({ selection: { anchor: offset }, scrollIntoView: true });
      view.current?.focus();
    },
    focus: () => view.current?.focus(),
  }));

  return <div ref={host} className="wb-cm" data-editor="ready" />;
}

function replaceAll(view: EditorView, text: string) {
  const anchor = Math.min(view.state.selection.main.head, text.length);
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor } });
}

/** Whether the suggestion that Enter would take is what stands before the cursor. */
function isComplete(state: EditorState): boolean {
  const chosen = selectedCompletion(state);
  if (!chosen || chosen.apply !== undefined) return false;
  const { head } = state.selection.main;
  const word = state.sliceDoc(Math.max(0, head - chosen.label.length), head);
  return word.toLowerCase() === chosen.label.toLowerCase();
}

function editorExtensions(latest: { current: Omit<Props, "ref"> }): Extension {
  const does = (command: (commands: EditorCommands) => void) => () => {
    command(latest.current.commands);
    return true;
  };
  const keys = Prec.highest(
    keymap.of([
      { key: "Mod-Enter", run: does((c) => c.run()), preventDefault: true },
      { key: "Mod-Shift-Enter", run: does((c) => c.runAll()), preventDefault: true },
      { key: "Mod-s", run: does((c) => c.save()), preventDefault: true },
      { key: "Mod-Shift-f", run: does((c) => c.format()), preventDefault: true },
      { key: "Mod-/", run: toggleComment, preventDefault: true },
      // An open list of suggestions closes first.
      { key: "Escape", run: (view) => completionStatus(view.state) !== "active" && latest.current.commands.stop() },
      { key: "Tab", run: acceptCompletion },
      // A word that is complete already has nothing to take over: Enter is a new line then.
      {
        key: "Enter",
        run: (view) => {
          if (isComplete(view.state)) closeCompletion(view);
          return false;
        },
      },
    ]),
  );
  return [
    keys,
    EditorView.cspNonce.of(nonce()),
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightActiveLine(),
    drawSelection(),
    history(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    search({ top: true }),
    language.of(sql({ dialect: DIALECTS[latest.current.schema.dialect] })),
    autocompletion({ override: [completeSql(() => latest.current.schema)], icons: false, activateOnTypingDelay: 120 }),
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...lintKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
    EditorState.tabSize.of(2),
    placeholder("select …"),
    EditorView.contentAttributes.of({ "aria-label": "SQL", spellcheck: "false" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString());
      if (update.docChanged || update.selectionSet) latest.current.onSelection(update.state.selection.main);
    }),
    editorTheme,
  ];
}
