use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use arrow::array::{Date32Builder, Float64Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono::{Days, NaiveDate};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::dimensions::{DMAS, STATES};
use super::forecast::FIRST_DAY;
use super::{Dimensions, Model};

/// Small enough that a date range skips most of a state, large enough that a scan is not all headers.
const ROWS_PER_GROUP: usize = 32_768;

pub fn csv(model: &Model, dimensions: &Dimensions, path: &Path) -> anyhow::Result<u64> {
    let mut out = BufWriter::with_capacity(
        1 << 20,
        File::create(path).with_context(|| format!("cannot write {}", path.display()))?,
    );
    writeln!(out, "restaurant_id,inventory_item_id,business_date,dma_id,dc_id,state,y_05,y_50,y_95")?;
    let dates: Vec<String> = (0..model.days).map(|day| (first_day() + Days::new(day as u64)).to_string()).collect();
    for (index, restaurant) in dimensions.restaurants.iter().enumerate() {
        let dma = &DMAS[restaurant.dma];
        let centre = dimensions.centres[restaurant.centre].id;
        for (item, product) in dimensions.items.iter().enumerate() {
            for (day, date) in dates.iter().enumerate() {
                let y = model.at(index, item, day);
                writeln!(
                    out,
                    "{},{},{date},{},{centre},{},{:.2},{:.2},{:.2}",
                    restaurant.id, product.id, dma.id, dma.state, y.y_05, y.y_50, y.y_95
                )?;
            }
        }
    }
    out.flush()?;
    Ok(model.rows() as u64)
}

/// `out/state=XX/forecast.parquet`; rows by date, so that a range of dates touches few row groups.
pub fn partitions(model: &Model, dimensions: &Dimensions, out: &Path) -> anyhow::Result<u64> {
    for state in STATES {
        let folder = out.join(format!("state={state}"));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let mut writer = writer(forecast_schema(), &folder.join("forecast.parquet"))?;
        let restaurants: Vec<usize> =
            (0..dimensions.restaurants.len()).filter(|r| DMAS[dimensions.restaurants[*r].dma].state == state).collect();
        for day in 0..model.days {
            writer.write(&day_of(model, dimensions, &restaurants, day)?)?;
        }
        writer.close()?;
    }
    Ok(model.rows() as u64)
}

pub fn table(batch: &RecordBatch, path: &Path) -> anyhow::Result<()> {
    let mut writer = writer(batch.schema(), path)?;
    writer.write(batch)?;
    writer.close()?;
    Ok(())
}

fn writer(schema: SchemaRef, path: &Path) -> anyhow::Result<ArrowWriter<File>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build();
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(ArrowWriter::try_new(file, schema, Some(properties))?)
}

fn forecast_schema() -> SchemaRef {
    let field = |name: &str, kind| Field::new(name, kind, false);
    Arc::new(Schema::new(vec![
        field("restaurant_id", DataType::Int64),
        field("inventory_item_id", DataType::Int64),
        field("business_date", DataType::Date32),
        field("dma_id", DataType::Utf8),
        field("dc_id", DataType::Int64),
        field("y_05", DataType::Float64),
        field("y_50", DataType::Float64),
        field("y_95", DataType::Float64),
    ]))
}

fn day_of(model: &Model, dimensions: &Dimensions, restaurants: &[usize], day: usize) -> anyhow::Result<RecordBatch> {
    let (mut restaurant_id, mut item_id, mut dc_id) = (Int64Builder::new(), Int64Builder::new(), Int64Builder::new());
    let (mut date, mut dma_id) = (Date32Builder::new(), StringBuilder::new());
    let (mut y_05, mut y_50, mut y_95) = (Float64Builder::new(), Float64Builder::new(), Float64Builder::new());
    for index in restaurants {
        let restaurant = &dimensions.restaurants[*index];
        for (item, product) in dimensions.items.iter().enumerate() {
            let y = model.at(*index, item, day);
            restaurant_id.append_value(restaurant.id);
            item_id.append_value(product.id);
            date.append_value(FIRST_DAY + day as i32);
            dma_id.append_value(DMAS[restaurant.dma].id);
            dc_id.append_value(dimensions.centres[restaurant.centre].id);
            y_05.append_value(y.y_05);
            y_50.append_value(y.y_50);
            y_95.append_value(y.y_95);
        }
    }
    Ok(RecordBatch::try_new(
        forecast_schema(),
        vec![
            Arc::new(restaurant_id.finish()),
            Arc::new(item_id.finish()),
            Arc::new(date.finish()),
            Arc::new(dma_id.finish()),
            Arc::new(dc_id.finish()),
            Arc::new(y_05.finish()),
            Arc::new(y_50.finish()),
            Arc::new(y_95.finish()),
        ],
    )?)
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 1, 1).expect("a real date")
}
