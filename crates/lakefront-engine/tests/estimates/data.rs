//! Parquet tables that differ in all that decides what a query reads: the same bytes on every machine.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, ListArray,
    MapArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::schema::types::ColumnPath;

/// 2024-01-01, in days since 1970.
pub(crate) const FIRST_DAY: i32 = 19_723;

pub(crate) struct TableFiles {
    pub(crate) name: &'static str,
    pub(crate) schema: SchemaRef,
    pub(crate) keys: Vec<(&'static str, DataType)>,
    /// Paths below the data's folder, and their partition values.
    pub(crate) files: Vec<(String, Vec<String>)>,
}

/// Numbers without a pattern that are the same everywhere.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        mixed ^ (mixed >> 29)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// A column of `rows` values, each made from its row's number.
fn longs(rows: usize, value: impl FnMut(usize) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values((0..rows).map(value)))
}

fn ints(rows: usize, value: impl FnMut(usize) -> i32) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values((0..rows).map(value)))
}

fn doubles(rows: usize, value: impl FnMut(usize) -> f64) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values((0..rows).map(value)))
}

fn texts(rows: usize, value: impl FnMut(usize) -> String) -> ArrayRef {
    Arc::new(StringArray::from_iter_values((0..rows).map(value)))
}

fn days(rows: usize, value: impl FnMut(usize) -> i32) -> ArrayRef {
    Arc::new(Date32Array::from_iter_values((0..rows).map(value)))
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
}

fn properties(group: usize, compression: Compression) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .set_compression(compression)
        .set_created_by("data of tests".to_owned())
}

fn zstd() -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(3).unwrap())
}

fn write(path: &Path, batch: &RecordBatch, properties: WriterPropertiesBuilder) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties.build())).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// Writes every table below `folder`.
pub(crate) fn write_all(folder: &Path) -> Vec<TableFiles> {
    let mut tables = vec![
        events(folder),
        orders(folder),
        customers(folder),
        sales(folder),
        metrics(folder),
        nested(folder),
        wide(folder),
        encoded(folder),
        sparse(folder),
        blooms(folder),
    ];
    tables.push(unknown(folder));
    tables
}

fn one_file(folder: &Path, name: &'static str, rows: &RecordBatch, properties: WriterPropertiesBuilder) -> TableFiles {
    let path = format!("{name}/part-0.parquet");
    write(&folder.join(&path), rows, properties);
    TableFiles { name, schema: rows.schema(), keys: Vec::new(), files: vec![(path, Vec::new())] }
}

/// Flat, sorted by time, in 15 row groups.
fn events(folder: &Path) -> TableFiles {
    let rows = 60_000;
    let mut noise = Noise(1);
    let kinds = ["view", "click", "cart", "order", "refund"];
    let start = i64::from(FIRST_DAY) * 86_400_000_000;
    let step = 60 * 86_400_000_000 / rows as i64;
    let table = batch(vec![
        ("id", longs(rows, |row| row as i64)),
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values((0..rows).map(|row| start + row as i64 * step)))),
        ("day", days(rows, |row| FIRST_DAY + (row * 60 / rows) as i32)),
        ("user_id", longs(rows, |_| noise.below(20_000) as i64)),
        ("kind", texts(rows, |row| kinds[row * 7 % 5].to_owned())),
        ("country", texts(rows, |row| format!("C{:02}", (row * 31 + row / 97) % 40))),
        ("price", doubles(rows, |_| noise.below(1_000_000) as f64 / 100.0)),
        ("quantity", ints(rows, |row| (row % 17) as i32)),
        ("note", texts(rows, |_| format!("{:016x}{:08x}", noise.next(), noise.below(1 << 32)))),
        ("flag", Arc::new(BooleanArray::from_iter((0..rows).map(|row| Some(row % 3 == 0))))),
        (
            "amount",
            Arc::new(
                Decimal128Array::from_iter_values((0..rows).map(|row| (row as i128 * 7_919) % 1_000_000))
                    .with_precision_and_scale(12, 2)
                    .unwrap(),
            ),
        ),
        ("source", texts(rows, |_| "web".to_owned())),
        ("nothing", new_null_array(&DataType::Int64, rows)),
    ]);
    one_file(folder, "events", &table, properties(4_000, Compression::SNAPPY))
}

/// Eight files in no order, three row groups each.
fn orders(folder: &Path) -> TableFiles {
    let rows = 6_000;
    let mut noise = Noise(2);
    let mut files = Vec::new();
    let mut schema = None;
    for part in 0..8 {
        let table = batch(vec![
            ("order_id", longs(rows, |row| (part * rows + row) as i64)),
            ("customer_id", longs(rows, |_| noise.below(5_000) as i64)),
            ("event_id", longs(rows, |_| noise.below(60_000) as i64)),
            ("status", texts(rows, |row| ["open", "paid", "sent", "back"][row % 4].to_owned())),
            ("total", doubles(rows, |_| noise.below(50_000) as f64 / 10.0)),
            ("ordered", days(rows, |_| FIRST_DAY + noise.below(365) as i32)),
            ("comment", texts(rows, |row| format!("comment {} {}", noise.below(1 << 40), row % 7))),
        ]);
        let path = format!("orders/part-{part}.parquet");
        write(&folder.join(&path), &table, properties(2_000, zstd()));
        files.push((path, Vec::new()));
        schema = Some(table.schema());
    }
    TableFiles { name: "orders", schema: schema.unwrap(), keys: Vec::new(), files }
}

fn customers(folder: &Path) -> TableFiles {
    let rows = 5_000;
    let mut noise = Noise(3);
    let table = batch(vec![
        ("customer_id", longs(rows, |row| row as i64)),
        ("name", texts(rows, |row| format!("Customer {row:05}"))),
        ("country", texts(rows, |_| format!("C{:02}", noise.below(40)))),
        ("balance", doubles(rows, |_| noise.below(1_000_000) as f64 / 100.0)),
        ("since", days(rows, |row| FIRST_DAY - 2_000 + (row / 3) as i32)),
    ]);
    one_file(folder, "customers", &table, properties(1_000, Compression::UNCOMPRESSED))
}

/// By region and day, two files each; one region's are without rows.
fn sales(folder: &Path) -> TableFiles {
    let mut noise = Noise(4);
    let mut files = Vec::new();
    let mut schema = None;
    for region in ["africa", "asia", "europe", "oceania"] {
        for day in 0..6 {
            for part in 0..2 {
                let rows = if region == "oceania" { 0 } else { 2_500 };
                let table = batch(vec![
                    ("sale_id", longs(rows, |row| (day * 10_000 + row) as i64)),
                    ("store", ints(rows, |row| (row % 50) as i32)),
                    ("product", texts(rows, |_| format!("product-{:04}", noise.below(800)))),
                    ("units", ints(rows, |_| noise.below(20) as i32)),
                    ("revenue", doubles(rows, |_| noise.below(100_000) as f64 / 100.0)),
                ]);
                let date = format!("2024-01-{:02}", day + 1);
                let path = format!("sales/region={region}/day={date}/part-{part}.parquet");
                write(&folder.join(&path), &table, properties(1_250, Compression::GZIP(Default::default())));
                files.push((path, vec![region.to_owned(), date]));
                schema = Some(table.schema());
            }
        }
    }
    let keys = vec![("region", DataType::Utf8), ("day", DataType::Date32)];
    TableFiles { name: "sales", schema: schema.unwrap(), keys, files }
}

/// By year and month.
fn metrics(folder: &Path) -> TableFiles {
    let mut noise = Noise(5);
    let mut files = Vec::new();
    let mut schema = None;
    for year in [2022, 2023, 2024] {
        for month in 1..=12 {
            let rows = 3_000;
            let table = batch(vec![
                ("host", texts(rows, |row| format!("host-{:03}", row % 120))),
                ("minute", ints(rows, |row| row as i32)),
                ("cpu", doubles(rows, |_| noise.below(10_000) as f64 / 100.0)),
                ("memory", longs(rows, |_| noise.below(1 << 34) as i64)),
            ]);
            let path = format!("metrics/year={year}/month={month}/part.parquet");
            write(&folder.join(&path), &table, properties(1_000, Compression::SNAPPY));
            files.push((path, vec![year.to_string(), month.to_string()]));
            schema = Some(table.schema());
        }
    }
    let keys = vec![("year", DataType::Int32), ("month", DataType::Int32)];
    TableFiles { name: "metrics", schema: schema.unwrap(), keys, files }
}

fn structs(fields: Vec<(&str, ArrayRef)>) -> ArrayRef {
    let names: Vec<Field> =
        fields.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    Arc::new(StructArray::new(Fields::from(names), fields.into_iter().map(|(_, column)| column).collect(), None))
}

/// Structs in structs, lists, maps, lists of structs.
fn nested(folder: &Path) -> TableFiles {
    let rows = 20_000;
    let mut noise = Noise(6);
    let geo = structs(vec![
        ("lat", doubles(rows, |_| noise.below(18_000) as f64 / 100.0 - 90.0)),
        ("lon", doubles(rows, |_| noise.below(36_000) as f64 / 100.0 - 180.0)),
    ]);
    let address = structs(vec![
        ("city", texts(rows, |row| format!("city {}", row % 300))),
        ("zip", ints(rows, |row| 10_000 + (row * 37 % 80_000) as i32)),
        ("street", texts(rows, |_| format!("street {:012}", noise.below(1 << 40)))),
        ("geo", geo),
    ]);
    let tags = ListArray::new(
        Arc::new(Field::new("element", DataType::Utf8, true)),
        OffsetBuffer::from_lengths((0..rows).map(|row| row % 4)),
        texts((0..rows).map(|row| row % 4).sum(), |item| format!("tag {}", item % 211)),
        None,
    );
    let items_total: usize = (0..rows).map(|row| row % 3).sum();
    let item = structs(vec![
        ("sku", texts(items_total, |_| format!("sku-{:06}", noise.below(100_000)))),
        ("quantity", ints(items_total, |item| (item % 9) as i32)),
        ("price", doubles(items_total, |_| noise.below(10_000) as f64 / 100.0)),
    ]);
    let items = ListArray::new(
        Arc::new(Field::new("element", item.data_type().clone(), true)),
        OffsetBuffer::from_lengths((0..rows).map(|row| row % 3)),
        item,
        None,
    );
    let entries_total = rows * 2;
    let entries = StructArray::new(
        Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, true)]),
        vec![
            texts(entries_total, |entry| ["colour", "size"][entry % 2].to_owned()),
            texts(entries_total, |_| format!("value {}", noise.below(5_000))),
        ],
        None,
    );
    let attributes = MapArray::new(
        Arc::new(Field::new("key_value", entries.data_type().clone(), false)),
        OffsetBuffer::from_lengths(std::iter::repeat_n(2, rows)),
        entries,
        None,
        false,
    );
    let table = batch(vec![
        ("id", longs(rows, |row| row as i64)),
        ("name", texts(rows, |row| format!("name {}", row % 5_000))),
        ("address", address),
        ("tags", Arc::new(tags)),
        ("items", Arc::new(items)),
        ("attributes", Arc::new(attributes)),
    ]);
    one_file(folder, "nested", &table, properties(4_000, Compression::SNAPPY))
}

/// 120 columns.
fn wide(folder: &Path) -> TableFiles {
    let rows = 3_000;
    let mut noise = Noise(7);
    let mut columns: Vec<(String, ArrayRef)> = vec![("id".to_owned(), longs(rows, |row| row as i64))];
    for number in 0..119 {
        let column = match number % 3 {
            0 => doubles(rows, |_| noise.below(1 << 40) as f64),
            1 => ints(rows, |row| (row % (number + 2)) as i32),
            _ => texts(rows, |row| format!("v{}", row % 100)),
        };
        columns.push((format!("c{number:03}"), column));
    }
    let table = batch(columns.iter().map(|(name, column)| (name.as_str(), Arc::clone(column))).collect());
    one_file(folder, "wide", &table, properties(1_000, Compression::SNAPPY))
}

/// Second version of data pages, delta encodings, no dictionaries.
fn encoded(folder: &Path) -> TableFiles {
    let rows = 16_000;
    let mut noise = Noise(8);
    let table = batch(vec![
        ("id", longs(rows, |row| row as i64 * 3)),
        ("jumps", longs(rows, |_| noise.below(1 << 50) as i64)),
        ("path", texts(rows, |row| format!("/shop/{:03}/item/{row:06}", row / 200))),
        ("word", texts(rows, |_| format!("{:x}", noise.below(1 << 48)))),
        ("plain", doubles(rows, |_| noise.below(1 << 30) as f64)),
    ]);
    let at = ColumnPath::from;
    let properties = properties(4_000, zstd())
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_dictionary_enabled(false)
        .set_column_encoding(at("id"), Encoding::DELTA_BINARY_PACKED)
        .set_column_encoding(at("jumps"), Encoding::DELTA_BINARY_PACKED)
        .set_column_encoding(at("path"), Encoding::DELTA_BYTE_ARRAY)
        .set_column_encoding(at("word"), Encoding::DELTA_LENGTH_BYTE_ARRAY);
    one_file(folder, "encoded", &table, properties)
}

/// Three files: mostly NULL, a column that came later, and no rows at all. Names in mixed case.
fn sparse(folder: &Path) -> TableFiles {
    let rows = 8_000;
    let mut noise = Noise(9);
    let mut some = |every: usize| -> ArrayRef {
        Arc::new(Int64Array::from_iter((0..rows).map(|row| (row % every == 0).then(|| noise.below(1 << 40) as i64))))
    };
    let old = batch(vec![
        ("Key", longs(rows, |row| row as i64)),
        ("Rare", some(50)),
        ("Half", some(2)),
        ("Never", new_null_array(&DataType::Utf8, rows)),
    ]);
    let new = batch(vec![
        ("Key", longs(rows, |row| (rows + row) as i64)),
        ("Rare", some(30)),
        ("Half", some(3)),
        ("Never", new_null_array(&DataType::Utf8, rows)),
        ("Added", some(1)),
    ]);
    let mut files = Vec::new();
    for (part, table) in [&old, &new, &new.slice(0, 0)].into_iter().enumerate() {
        let path = format!("sparse/part-{part}.parquet");
        write(&folder.join(&path), table, properties(2_000, Compression::SNAPPY));
        files.push((path, Vec::new()));
    }
    TableFiles { name: "sparse", schema: new.schema(), keys: Vec::new(), files }
}

/// Bloom filters on a key without order.
fn blooms(folder: &Path) -> TableFiles {
    let rows = 20_000;
    let mut noise = Noise(10);
    let table = batch(vec![
        ("token", texts(rows, |row| format!("{:012x}", (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16))),
        ("score", doubles(rows, |_| noise.below(1 << 40) as f64)),
        ("bucket", ints(rows, |row| (row * 13 % 64) as i32)),
    ]);
    let properties =
        properties(5_000, Compression::SNAPPY).set_column_bloom_filter_enabled(ColumnPath::from("token"), true);
    one_file(folder, "blooms", &table, properties)
}

/// Without statistics nothing can be left out.
fn unknown(folder: &Path) -> TableFiles {
    let rows = 12_000;
    let mut noise = Noise(11);
    let table = batch(vec![
        ("id", longs(rows, |row| row as i64)),
        ("value", doubles(rows, |_| noise.below(1 << 40) as f64)),
        ("label", texts(rows, |row| format!("label {}", row % 1_000))),
    ]);
    let properties = properties(3_000, Compression::SNAPPY).set_statistics_enabled(EnabledStatistics::None);
    one_file(folder, "unknown", &table, properties)
}
