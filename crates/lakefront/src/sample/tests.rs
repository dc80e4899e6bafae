#![expect(clippy::unwrap_used, reason = "a test may end where a value is missing")]

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;

struct Row {
    restaurant: i64,
    item: i64,
    day: i64,
    dma: String,
    centre: i64,
    state: String,
    y: [f64; 3],
}

fn csv_rows(options: &SampleOptions) -> (String, Vec<Row>) {
    let folder = tempfile::tempdir().unwrap();
    let written = forecast(options, SampleFormat::Csv, folder.path()).unwrap();
    let text = std::fs::read_to_string(folder.path().join("forecast.csv")).unwrap();
    let rows: Vec<Row> = text
        .lines()
        .skip(1)
        .map(|line| {
            let f: Vec<&str> = line.split(',').collect();
            let date: chrono::NaiveDate = f[2].parse().unwrap();
            Row {
                restaurant: f[0].parse().unwrap(),
                item: f[1].parse().unwrap(),
                day: (date - chrono::NaiveDate::from_ymd_opt(2025, 1, 1).unwrap()).num_days(),
                dma: f[3].into(),
                centre: f[4].parse().unwrap(),
                state: f[5].into(),
                y: [6, 7, 8].map(|i: usize| f[i].parse().unwrap()),
            }
        })
        .collect();
    assert_eq!(written as usize, rows.len());
    (text, rows)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), v| (sum + v, count + 1));
    sum / f64::from(count)
}

#[test]
fn the_whole_sample_has_the_shape_of_the_export() {
    let (text, rows) = csv_rows(&SampleOptions::default());
    assert_eq!(
        text.lines().next().unwrap(),
        "restaurant_id,inventory_item_id,business_date,dma_id,dc_id,state,y_05,y_50,y_95"
    );
    assert_eq!(rows.len(), 1_251_250);

    let restaurants: BTreeSet<i64> = rows.iter().map(|r| r.restaurant).collect();
    let items: BTreeSet<i64> = rows.iter().map(|r| r.item).collect();
    let dmas: BTreeSet<&str> = rows.iter().map(|r| r.dma.as_str()).collect();
    let centres: BTreeSet<i64> = rows.iter().map(|r| r.centre).collect();
    let states: BTreeSet<&str> = rows.iter().map(|r| r.state.as_str()).collect();
    assert_eq!(restaurants.len(), 2_750);
    assert!(restaurants.iter().all(|id| (0..=30_000).contains(id)));
    assert_eq!(items.len(), 5);
    assert!(items.iter().all(|id| (1..=2_000).contains(id)));
    assert_eq!(dmas.len(), 30);
    assert!(dmas.iter().all(|id| id.len() == 3));
    assert_eq!(centres, (1..=60).collect());
    assert_eq!(states, BTreeSet::from(["CA", "FL", "IL", "NY", "TX"]));

    let mut places = BTreeMap::new();
    let (mut dma_state, mut centre_state) = (BTreeMap::new(), BTreeMap::new());
    for row in &rows {
        let place = (&row.dma, row.centre, &row.state);
        assert_eq!(*places.entry(row.restaurant).or_insert(place), place, "a restaurant stays where it is");
        assert_eq!(*dma_state.entry(&row.dma).or_insert(&row.state), &row.state, "a DMA lies in one state");
        assert_eq!(*centre_state.entry(row.centre).or_insert(&row.state), &row.state, "a centre lies in one state");
    }
}

#[test]
fn demand_follows_weekday_decay_and_range() {
    let (_, rows) = csv_rows(&SampleOptions { days: 84, ..SampleOptions::default() });

    for row in &rows {
        let [low, median, high] = row.y;
        assert!(low >= 0.1 && low <= median && median <= high);
        assert!((high - median * 1.329).abs() <= 0.0051, "{median} {high}");
        assert!((low - (median * 0.671).max(0.1)).abs() <= 0.0051, "{median} {low}");
    }

    // Twelve whole weeks: against the trend of its week, each weekday shows its factor.
    let wednesday_first = [0.95, 1.05, 1.15, 1.30, 1.10, 0.90, 0.80];
    let by_day: Vec<f64> = (0..84).map(|day| mean(rows.iter().filter(|r| r.day == day).map(|r| r.y[1]))).collect();
    let level = |day: usize| by_day[day] / wednesday_first[day % 7];
    let rate = (level(83) / level(0)).powf(1.0 / 83.0);
    assert!((rate - 0.995).abs() < 0.001, "decay {rate}");
    for (day, value) in by_day.iter().enumerate() {
        let expected = level(0) * rate.powi(day as i32) * wednesday_first[day % 7];
        assert!((value / expected - 1.0).abs() < 0.02, "day {day}: {value} against {expected}");
    }

    let first: Vec<&Row> = rows.iter().filter(|r| r.day == 0).collect();
    let level = mean(first.iter().map(|r| r.y[1])) / 0.95;
    assert!((12.0..28.0).contains(&level), "mean item effect {level}");
    // Noise of 10 % and restaurants that differ by one unit, within one item.
    for item in rows.iter().map(|r| r.item).collect::<BTreeSet<_>>() {
        let values: Vec<f64> = first.iter().filter(|r| r.item == item).map(|r| r.y[1]).collect();
        let middle = mean(values.iter().copied());
        let deviation = mean(values.iter().map(|v| (v - middle).powi(2))).sqrt();
        let expected = ((0.1 * middle).powi(2) + (1.01 * 0.95f64).powi(2)).sqrt();
        assert!((deviation / expected - 1.0).abs() < 0.08, "item {item}: {deviation} against {expected}");
    }
}

#[test]
fn the_seed_decides_every_byte() {
    let options = SampleOptions { restaurants: 60, days: 3, ..SampleOptions::default() };
    let (once, _) = csv_rows(&options);
    let (again, _) = csv_rows(&options);
    let (other, _) = csv_rows(&SampleOptions { seed: 43, ..options.clone() });
    assert_eq!(once, again);
    assert_ne!(once, other);
}

#[test]
fn another_decay_is_followed() {
    let (_, rows) = csv_rows(&SampleOptions { restaurants: 200, days: 71, decay: 0.98, ..SampleOptions::default() });
    let total = |day| rows.iter().filter(|r| r.day == day).map(|r| r.y[1]).sum::<f64>();
    let rate = (total(70) / total(0)).powf(1.0 / 70.0);
    assert!((rate - 0.98).abs() < 0.001, "{rate}");
}

#[test]
fn partitions_hold_the_rows_of_the_csv() {
    let options = SampleOptions { restaurants: 90, days: 9, ..SampleOptions::default() };
    let (_, mut expected) = csv_rows(&options);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(forecast(&options, SampleFormat::Parquet, folder.path()).unwrap() as usize, expected.len());

    let mut rows = Vec::new();
    for state in ["CA", "FL", "IL", "NY", "TX"] {
        let file = std::fs::File::open(folder.path().join(format!("state={state}/forecast.parquet"))).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let int = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
            let float = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Float64Type>().clone();
            let (restaurant, item, centre) = (int("restaurant_id"), int("inventory_item_id"), int("dc_id"));
            let (low, median, high) = (float("y_05"), float("y_50"), float("y_95"));
            let day = batch.column_by_name("business_date").unwrap().as_primitive::<Date32Type>().clone();
            let dma = batch.column_by_name("dma_id").unwrap().as_string::<i32>().clone();
            rows.extend((0..batch.num_rows()).map(|i| Row {
                restaurant: restaurant.value(i),
                item: item.value(i),
                day: i64::from(day.value(i) - super::forecast::FIRST_DAY),
                dma: dma.value(i).into(),
                centre: centre.value(i),
                state: state.into(),
                y: [low.value(i), median.value(i), high.value(i)],
            }));
        }
    }
    let key = |r: &Row| (r.restaurant, r.item, r.day);
    rows.sort_by_key(key);
    expected.sort_by_key(key);
    assert_eq!(rows.len(), expected.len());
    for (a, b) in rows.iter().zip(&expected) {
        assert_eq!((key(a), &a.dma, a.centre, &a.state, a.y), (key(b), &b.dma, b.centre, &b.state, b.y));
    }
}

#[test]
fn the_demo_lake_joins_and_is_made_once() {
    let lake = tempfile::tempdir().unwrap();
    let options = SampleOptions { restaurants: 120, days: 14, ..SampleOptions::default() };
    demo_lake(&options, lake.path()).unwrap();
    let database = lake.path().join("demo");
    let made = std::fs::metadata(database.join("dc.parquet")).unwrap().modified().unwrap();
    demo_lake(&options, lake.path()).unwrap();
    assert_eq!(std::fs::metadata(database.join("dc.parquet")).unwrap().modified().unwrap(), made);
    assert_eq!(std::fs::read_dir(lake.path()).unwrap().count(), 1, "nothing unfinished stays behind");

    let table = |name: &str| {
        let file = std::fs::File::open(database.join(format!("{name}.parquet"))).unwrap();
        ParquetRecordBatchReaderBuilder::try_new(file)
            .unwrap()
            .with_batch_size(10_000)
            .build()
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
    };
    let centres = table("dc");
    assert_eq!(centres.num_rows(), 60);
    let capacity = centres.column_by_name("capacity").unwrap().as_primitive::<Float64Type>();
    assert!(capacity.values().iter().all(|c| *c > 0.0));
    assert_eq!(table("restaurant").num_rows(), 120);
    assert_eq!(table("item").num_rows(), 5);
    assert_eq!(table("dma").num_rows(), 30);
    let names = table("restaurant");
    let names = names.column_by_name("name").unwrap().as_string::<i32>();
    assert!((0..names.len()).all(|i| !names.value(i).is_empty()));
}
