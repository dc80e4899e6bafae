use std::sync::Arc;

use arrow::array::{Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Normal};

use super::{Model, SampleOptions};

pub struct Dma {
    pub id: &'static str,
    pub name: &'static str,
    pub state: &'static str,
    latitude: f64,
    longitude: f64,
    /// Share of all restaurants, relative to the other DMAs.
    weight: f64,
}

pub struct Centre {
    pub id: i64,
    code: String,
    /// Index into [`DMAS`].
    dma: usize,
    latitude: f64,
    longitude: f64,
    /// Capacity over what the centre moves on a mean day at the 95th percentile.
    headroom: f64,
}

pub struct Restaurant {
    pub id: i64,
    pub street: String,
    /// Index into [`DMAS`].
    pub dma: usize,
    /// Index into [`Dimensions::centres`].
    pub centre: usize,
    latitude: f64,
    longitude: f64,
    opened: i32,
}

pub struct Item {
    pub id: i64,
    name: &'static str,
    category: &'static str,
    unit: &'static str,
}

/// Who sells what, and from where it comes.
pub struct Dimensions {
    pub centres: Vec<Centre>,
    pub restaurants: Vec<Restaurant>,
    pub items: Vec<Item>,
}

const fn dma(
    id: &'static str,
    name: &'static str,
    state: &'static str,
    latitude: f64,
    longitude: f64,
    weight: f64,
) -> Dma {
    Dma { id, name, state, latitude, longitude, weight }
}

pub const STATES: [&str; 5] = ["CA", "TX", "FL", "NY", "IL"];

pub const DMAS: [Dma; 30] = [
    dma("LAX", "Los Angeles", "CA", 34.05, -118.24, 30.0),
    dma("SFO", "San Francisco", "CA", 37.77, -122.42, 15.0),
    dma("SAN", "San Diego", "CA", 32.72, -117.16, 9.0),
    dma("SMF", "Sacramento", "CA", 38.58, -121.49, 8.0),
    dma("FAT", "Fresno", "CA", 36.74, -119.78, 4.2),
    dma("BFL", "Bakersfield", "CA", 35.37, -119.02, 2.6),
    dma("MRY", "Monterey", "CA", 36.60, -121.89, 2.0),
    dma("PSP", "Palm Springs", "CA", 33.83, -116.55, 1.6),
    dma("SBA", "Santa Barbara", "CA", 34.42, -119.70, 1.5),
    dma("DFW", "Dallas–Ft. Worth", "TX", 32.78, -96.80, 19.0),
    dma("IAH", "Houston", "TX", 29.76, -95.37, 17.0),
    dma("SAT", "San Antonio", "TX", 29.42, -98.49, 7.4),
    dma("AUS", "Austin", "TX", 30.27, -97.74, 7.0),
    dma("ELP", "El Paso", "TX", 31.76, -106.49, 2.8),
    dma("CRP", "Corpus Christi", "TX", 27.80, -97.40, 1.8),
    dma("LBB", "Lubbock", "TX", 33.58, -101.86, 1.5),
    dma("MIA", "Miami", "FL", 25.76, -80.19, 12.0),
    dma("TPA", "Tampa", "FL", 27.95, -82.46, 10.5),
    dma("MCO", "Orlando", "FL", 28.54, -81.38, 9.6),
    dma("JAX", "Jacksonville", "FL", 30.33, -81.66, 4.4),
    dma("RSW", "Ft. Myers", "FL", 26.64, -81.87, 3.2),
    dma("TLH", "Tallahassee", "FL", 30.44, -84.28, 1.8),
    dma("NYC", "New York City", "NY", 40.71, -74.01, 26.0),
    dma("BUF", "Buffalo", "NY", 42.89, -78.88, 3.6),
    dma("ALB", "Albany", "NY", 42.65, -73.75, 3.0),
    dma("ROC", "Rochester", "NY", 43.16, -77.61, 2.6),
    dma("ORD", "Chicago", "IL", 41.88, -87.63, 20.0),
    dma("PIA", "Peoria", "IL", 40.69, -89.59, 1.8),
    dma("SPI", "Springfield", "IL", 39.78, -89.65, 1.7),
    dma("RFD", "Rockford", "IL", 42.27, -89.09, 1.6),
];

const CENTRES: usize = 60;
const RESTAURANT_IDS: u32 = 30_000;
const ITEM_IDS: u32 = 2_000;

const ITEMS: [(&str, &str, &str); 5] = [
    ("Brioche bun", "Bakery", "piece"),
    ("Beef patty", "Meat", "piece"),
    ("Chicken breast", "Meat", "piece"),
    ("Iceberg lettuce", "Produce", "head"),
    ("Fries 2.5 kg", "Frozen", "bag"),
];

const STREETS: [&str; 36] = [
    "Alder Ave",
    "Bayshore Dr",
    "Beacon St",
    "Birch Ln",
    "Canal St",
    "Cedar Blvd",
    "Chestnut St",
    "Clover Rd",
    "Cypress Ave",
    "Depot St",
    "Elm St",
    "Fairview Ave",
    "Garden Way",
    "Harbor Blvd",
    "Heron Rd",
    "Hickory St",
    "Juniper Ave",
    "Lakeside Dr",
    "Linden Blvd",
    "Magnolia Ave",
    "Maple St",
    "Market Sq",
    "Meadow Ln",
    "Mill Rd",
    "Oak Grove",
    "Orchard St",
    "Palmetto Rd",
    "Pioneer Ave",
    "Prospect St",
    "Quarry Rd",
    "River Rd",
    "Sequoia Way",
    "Spruce St",
    "Station Rd",
    "Union Ave",
    "Willow St",
];

const NAMES: [&str; 12] = [
    "Larkspur Grill",
    "Copper Kettle",
    "Tin Roof Kitchen",
    "Blue Heron Diner",
    "Hearth & Rye",
    "Corner Skillet",
    "Saltmarsh Table",
    "Wagon Wheel",
    "Juniper Counter",
    "Redwood Fry House",
    "Lantern Cafe",
    "Old Mill Burgers",
];

impl Dimensions {
    pub fn generate(options: &SampleOptions) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        let centres = centres(&mut rng);
        let restaurants = restaurants(options.restaurants, &centres, &mut rng);
        let items = distinct(&mut rng, ITEM_IDS, ITEMS.len())
            .into_iter()
            .zip(ITEMS)
            .map(|(id, (name, category, unit))| Item { id, name, category, unit })
            .collect();
        Self { centres, restaurants, items }
    }

    /// The dimension tables by name. Capacities follow from the forecast: most centres have room, a few are over.
    pub fn tables(&self, model: &Model) -> anyhow::Result<Vec<(&'static str, RecordBatch)>> {
        Ok(vec![
            ("restaurant", self.restaurant_table()?),
            ("item", self.item_table()?),
            ("dma", dma_table()?),
            ("dc", self.centre_table(model)?),
        ])
    }

    fn restaurant_table(&self) -> anyhow::Result<RecordBatch> {
        let all = &self.restaurants;
        let name = |r: &Restaurant| format!("{} {}", NAMES[r.id as usize % NAMES.len()], r.street);
        batch([
            ("restaurant_id", Arc::new(all.iter().map(|r| r.id).collect::<Int64Array>())),
            ("name", strings(all.iter().map(name))),
            ("street", strings(all.iter().map(|r| &r.street))),
            ("dma_id", strings(all.iter().map(|r| DMAS[r.dma].id))),
            ("dc_id", Arc::new(all.iter().map(|r| self.centres[r.centre].id).collect::<Int64Array>())),
            ("state", strings(all.iter().map(|r| DMAS[r.dma].state))),
            ("latitude", floats(all.iter().map(|r| r.latitude))),
            ("longitude", floats(all.iter().map(|r| r.longitude))),
            ("opened", Arc::new(Date32Array::from_iter_values(all.iter().map(|r| r.opened)))),
        ])
    }

    fn item_table(&self) -> anyhow::Result<RecordBatch> {
        batch([
            ("inventory_item_id", Arc::new(self.items.iter().map(|i| i.id).collect::<Int64Array>())),
            ("name", strings(self.items.iter().map(|i| i.name))),
            ("category", strings(self.items.iter().map(|i| i.category))),
            ("unit", strings(self.items.iter().map(|i| i.unit))),
        ])
    }

    fn centre_table(&self, model: &Model) -> anyhow::Result<RecordBatch> {
        let daily = model.mean_daily_p95_by_centre(self);
        let capacity =
            self.centres.iter().zip(daily).map(|(c, units)| (units * c.headroom / 10.0).ceil().max(1.0) * 10.0);
        batch([
            ("dc_id", Arc::new(self.centres.iter().map(|c| c.id).collect::<Int64Array>())),
            ("code", strings(self.centres.iter().map(|c| &c.code))),
            ("name", strings(self.centres.iter().map(|c| format!("{} {}", DMAS[c.dma].name, ordinal(&c.code))))),
            ("city", strings(self.centres.iter().map(|c| DMAS[c.dma].name))),
            ("dma_id", strings(self.centres.iter().map(|c| DMAS[c.dma].id))),
            ("state", strings(self.centres.iter().map(|c| DMAS[c.dma].state))),
            ("latitude", floats(self.centres.iter().map(|c| c.latitude))),
            ("longitude", floats(self.centres.iter().map(|c| c.longitude))),
            ("capacity", floats(capacity)),
        ])
    }
}

fn ordinal(code: &str) -> &str {
    code.split_once('-').map_or(code, |(_, number)| number)
}

fn centres(rng: &mut ChaCha8Rng) -> Vec<Centre> {
    let mut centres = Vec::with_capacity(CENTRES);
    for (dma, count) in apportion(CENTRES, &DMAS.map(|d| d.weight)).into_iter().enumerate() {
        for number in 1..=count {
            centres.push(Centre {
                id: centres.len() as i64 + 1,
                code: format!("{}-{number}", DMAS[dma].id),
                dma,
                latitude: near(DMAS[dma].latitude, rng),
                longitude: near(DMAS[dma].longitude, rng),
                headroom: rng.random_range(0.92..1.44),
            });
        }
    }
    centres
}

fn restaurants(count: u32, centres: &[Centre], rng: &mut ChaCha8Rng) -> Vec<Restaurant> {
    let of_dma: Vec<Vec<usize>> =
        (0..DMAS.len()).map(|d| (0..centres.len()).filter(|c| centres[*c].dma == d).collect()).collect();
    // A DMA has at least as many restaurants as centres, so that no centre stands idle.
    let floors: Vec<usize> = of_dma.iter().map(Vec::len).collect();
    let spare = count as usize - floors.iter().sum::<usize>();
    let mut placed = Vec::with_capacity(count as usize);
    for (dma, extra) in shares(spare, &DMAS.map(|d| d.weight)).into_iter().enumerate() {
        placed.extend(of_dma[dma].iter().map(|centre| (dma, *centre)));
        placed.extend((0..extra).map(|_| (dma, *of_dma[dma].choose(rng).expect("every DMA has a centre"))));
    }
    let ids = distinct(rng, RESTAURANT_IDS, placed.len());
    let mut restaurants: Vec<Restaurant> = placed
        .into_iter()
        .zip(ids)
        .map(|((dma, centre), id)| Restaurant {
            id,
            street: format!("{} {}", rng.random_range(1..1_900), STREETS.choose(rng).expect("streets are not empty")),
            dma,
            centre,
            latitude: near(DMAS[dma].latitude, rng),
            longitude: near(DMAS[dma].longitude, rng),
            opened: rng.random_range(10_957..19_700),
        })
        .collect();
    restaurants.sort_unstable_by_key(|r| r.id);
    restaurants
}

/// `count` different ids of `1..=most`, in no order.
fn distinct(rng: &mut ChaCha8Rng, most: u32, count: usize) -> Vec<i64> {
    rand::seq::index::sample(rng, most as usize, count).into_iter().map(|i| i as i64 + 1).collect()
}

/// Splits `count` by weight with at least one for each.
fn apportion(count: usize, weights: &[f64]) -> Vec<usize> {
    shares(count - weights.len(), weights).into_iter().map(|n| n + 1).collect()
}

/// Splits `count` by weight, remainders to the largest fractions.
fn shares(count: usize, weights: &[f64]) -> Vec<usize> {
    let total: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|w| count as f64 * w / total).collect();
    let mut parts: Vec<usize> = exact.iter().map(|x| x.floor() as usize).collect();
    let mut by_fraction: Vec<usize> = (0..weights.len()).collect();
    by_fraction.sort_by(|a, b| (exact[*b].fract()).total_cmp(&exact[*a].fract()));
    let missing = count - parts.iter().sum::<usize>();
    for part in by_fraction.into_iter().take(missing) {
        parts[part] += 1;
    }
    parts
}

fn near(centre: f64, rng: &mut ChaCha8Rng) -> f64 {
    let spread = Normal::new(0.0, 0.12).expect("a positive deviation");
    ((centre + spread.sample(rng)) * 1e4).round() / 1e4
}

fn dma_table() -> anyhow::Result<RecordBatch> {
    batch([
        ("dma_id", strings(DMAS.iter().map(|d| d.id))),
        ("name", strings(DMAS.iter().map(|d| d.name))),
        ("state", strings(DMAS.iter().map(|d| d.state))),
        ("latitude", floats(DMAS.iter().map(|d| d.latitude))),
        ("longitude", floats(DMAS.iter().map(|d| d.longitude))),
    ])
}

fn strings<S: AsRef<str>>(values: impl Iterator<Item = S>) -> arrow::array::ArrayRef {
    Arc::new(values.map(|v| Some(v.as_ref().to_owned())).collect::<StringArray>())
}

fn floats(values: impl Iterator<Item = f64>) -> arrow::array::ArrayRef {
    Arc::new(values.collect::<Float64Array>())
}

fn batch<const N: usize>(columns: [(&str, arrow::array::ArrayRef); N]) -> anyhow::Result<RecordBatch> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, DataType::clone(array.data_type()), false)).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect())?)
}
