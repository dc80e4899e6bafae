import { tableFromIPC, Type, type Column as ArrowColumn, type DataType } from "@uwdata/flechette";

/** What a grid needs to know of an Arrow type. Values keep their exact form: see `Raw`. */
export interface CellType {
  kind:
    | "integer"
    | "float"
    | "decimal"
    | "boolean"
    | "text"
    | "binary"
    | "date"
    | "time"
    | "timestamp"
    | "interval"
    | "list"
    | "map"
    | "struct"
    | "null";
  /** Decimal places of a decimal; digits of the fraction of a second of a time or timestamp (0, 3, 6 or 9). */
  scale: number;
  zone: string | null;
  /** Element of a list, `[key, value]` of a map, fields of a struct. */
  children: { name: string; type: CellType }[];
}

/**
 * A value as decoded: `bigint` for 64-bit integers, timestamps and times (in
 * their own unit) and scaled decimals; `number` for the rest of the numbers
 * and for dates (milliseconds); arrays and objects for nested types.
 */
export type Raw = unknown;

export interface PageColumn {
  name: string;
  type: CellType;
  at(row: number): Raw;
}

/** A run of rows of a result. Decoding is lazy; the memory is that of the Arrow buffers. */
export interface Page {
  rows: number;
  columns: PageColumn[];
}

const leaf = (kind: CellType["kind"], scale = 0, zone: string | null = null): CellType => ({
  kind,
  scale,
  zone,
  children: [],
});

interface AnyType {
  typeId: number;
  unit?: number;
  scale?: number;
  timezone?: string | null;
  children?: { name: string; type: DataType }[];
  dictionary?: DataType;
}

function nested(kind: "list" | "map" | "struct", type: AnyType): CellType {
  let fields = type.children ?? [];
  // A map is a list of entries: its one child is a struct of key and value.
  if (kind === "map") fields = (fields[0]?.type as AnyType | undefined)?.children ?? [];
  return {
    kind,
    scale: 0,
    zone: null,
    children: fields.map((field) => ({ name: field.name, type: cellType(field.type) })),
  };
}

export function cellType(dataType: DataType): CellType {
  const type = dataType as unknown as AnyType;
  switch (type.typeId) {
    case Type.Int:
      return leaf("integer");
    case Type.Float:
      return leaf("float");
    case Type.Decimal:
      return leaf("decimal", type.scale ?? 0);
    case Type.Bool:
      return leaf("boolean");
    case Type.Date:
      return leaf("date");
    case Type.Time:
      return leaf("time", 3 * (type.unit ?? 0));
    case Type.Timestamp:
      return leaf("timestamp", 3 * (type.unit ?? 0), type.timezone ?? null);
    case Type.Binary:
    case Type.LargeBinary:
    case Type.BinaryView:
    case Type.FixedSizeBinary:
      return leaf("binary");
    case Type.Interval:
    case Type.Duration:
      return leaf("interval");
    case Type.List:
    case Type.LargeList:
    case Type.ListView:
    case Type.LargeListView:
    case Type.FixedSizeList:
      return nested("list", type);
    case Type.Map:
      return nested("map", type);
    case Type.Struct:
      return nested("struct", type);
    case Type.Dictionary:
      return type.dictionary ? cellType(type.dictionary) : leaf("text");
    case Type.Null:
      return leaf("null");
    default:
      return leaf("text");
  }
}

/** Decodes one Arrow IPC stream. */
export function decodePage(bytes: ArrayBuffer): Page {
  const table = tableFromIPC(new Uint8Array(bytes), { useBigInt: true, useBigIntTimestamp: true, useDecimalInt: true });
  const columns = table.schema.fields.map((field, index): PageColumn => {
    const column = table.getChildAt(index) as ArrowColumn<unknown>;
    return { name: field.name, type: cellType(field.type), at: (row) => column.at(row) };
  });
  return { rows: table.numRows, columns };
}
