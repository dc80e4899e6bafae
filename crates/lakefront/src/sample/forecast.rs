use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, Normal, StandardNormal};

use super::{Dimensions, SampleOptions};

/// 2025-01-01, a Wednesday, in days since 1970-01-01.
pub const FIRST_DAY: i32 = 20_089;

/// Factors from Monday to Sunday.
const WEEKDAY: [f64; 7] = [0.90, 0.80, 0.95, 1.05, 1.15, 1.30, 1.10];

/// Half the width of the 90 % range over the median: the normal 95th percentile at a deviation of 20 %.
const HALF_RANGE: f64 = 1.645 * 0.20;
const LEAST: f64 = 0.1;

/// Every forecast of the sample. Values are units, with two decimals, at least 0.1.
pub struct Model {
    pub days: usize,
    items: usize,
    /// `y_50` by restaurant, then item, then day.
    median: Vec<f64>,
}

/// One row's values.
pub struct Quantiles {
    pub y_05: f64,
    pub y_50: f64,
    pub y_95: f64,
}

impl Model {
    pub fn generate(options: &SampleOptions, dimensions: &Dimensions) -> Self {
        // A stream of its own, so that the demand does not change when a table around it gains a column.
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        rng.set_stream(1);
        let items = dimensions.items.len();
        let gamma = Gamma::new(20.0, 1.0).expect("positive shape and scale");
        let effect: Vec<f64> = (0..items).map(|_| gamma.sample(&mut rng)).collect();
        let rate = rates(options.decay, items, &mut rng);
        let noise = Normal::new(1.0, 0.1).expect("a positive deviation");
        let days = options.days as usize;
        let mut median = Vec::with_capacity(dimensions.restaurants.len() * items * days);
        for _ in &dimensions.restaurants {
            let restaurant: f64 = StandardNormal.sample(&mut rng);
            for item in 0..items {
                let mut decay = 1.0;
                for day in 0..days {
                    let value = (effect[item] + restaurant) * weekday(day) * decay * noise.sample(&mut rng);
                    median.push(cents(value));
                    decay *= rate[item];
                }
            }
        }
        Self { days, items, median }
    }

    pub fn rows(&self) -> usize {
        self.median.len()
    }

    pub fn at(&self, restaurant: usize, item: usize, day: usize) -> Quantiles {
        let y_50 = self.median[(restaurant * self.items + item) * self.days + day];
        Quantiles { y_05: cents(y_50 * (1.0 - HALF_RANGE)), y_50, y_95: cents(y_50 * (1.0 + HALF_RANGE)) }
    }

    /// Units a day at the 95th percentile, by index of the distribution centre.
    pub fn mean_daily_p95_by_centre(&self, dimensions: &Dimensions) -> Vec<f64> {
        let mut sums = vec![0.0; dimensions.centres.len()];
        for (index, restaurant) in dimensions.restaurants.iter().enumerate() {
            for item in 0..self.items {
                sums[restaurant.centre] += (0..self.days).map(|day| self.at(index, item, day).y_95).sum::<f64>();
            }
        }
        sums.into_iter().map(|sum| sum / self.days as f64).collect()
    }
}

/// One rate for each item, spread around `mean` and centred on it exactly.
fn rates(mean: f64, items: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let spread: Vec<f64> = (0..items).map(|_| 0.001 * Distribution::<f64>::sample(&StandardNormal, rng)).collect();
    let centre = spread.iter().sum::<f64>() / items as f64;
    spread.into_iter().map(|x| mean + x - centre).collect()
}

pub fn weekday(day: usize) -> f64 {
    WEEKDAY[(day + 2) % 7]
}

fn cents(value: f64) -> f64 {
    (value.max(LEAST) * 100.0).round() / 100.0
}
