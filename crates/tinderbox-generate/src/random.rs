//! Random numbers that are the same on every machine: each thing that is drawn has its own generator, found by its
//! number. Whole numbers and the four operations are the same everywhere; logarithms and powers are `libm`'s.

/// What a generator is for; two purposes never share numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Job = 1,
    Pipeline = 2,
}

/// A generator: xoshiro256++ of Blackman and Vigna.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: [u64; 4],
    spare: Option<f64>,
}

impl Random {
    /// The generator of the `index`-th thing.
    pub(crate) fn new(seed: u64, stream: Stream, index: u64) -> Self {
        let mut mixer = mix(seed) ^ mix(mix(index).wrapping_add(stream as u64));
        let mut next = || {
            mixer = mixer.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mix(mixer)
        };
        Self { state: [next(), next(), next(), next()], spare: None }
    }

    fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let c = c ^ a;
        let d = d ^ b;
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// From 0 to 1, 1 excluded.
    pub(crate) fn unit(&mut self) -> f64 {
        #[allow(clippy::cast_precision_loss)]
        let bits = (self.next() >> 11) as f64;
        bits * (1.0 / 9_007_199_254_740_992.0)
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number below `count`, which is not zero.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let wide = u128::from(self.next()) * (count as u128);
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// Standard normal, by Marsaglia's polar method.
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let factor = (-2.0 * libm::log(square) / square).sqrt();
                self.spare = Some(y * factor);
                return x * factor;
            }
        }
    }

    /// Log-normal with mean 1.
    pub(crate) fn spread(&mut self, sigma: f64) -> f64 {
        if sigma == 0.0 {
            return 1.0;
        }
        libm::exp(sigma * self.normal() - sigma * sigma / 2.0)
    }

    /// A place in `weights`, in proportion; 0 when all are zero.
    pub(crate) fn choose(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            if weight <= 0.0 {
                continue;
            }
            last = index;
            if left < weight {
                break;
            }
            left -= weight;
        }
        last
    }
}

/// The finalizer of SplitMix64.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A number for a text.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let fold = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    mix(bytes.iter().fold(0xcbf2_9ce4_8422_2325, fold))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(count: usize, mut draw: impl FnMut(&mut Random) -> f64) -> (f64, f64) {
        let mut random = Random::new(7, Stream::Job, 1);
        let values: Vec<_> = (0..count).map(|_| draw(&mut random)).collect();
        let mean = values.iter().sum::<f64>() / count as f64;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count as f64;
        (mean, variance)
    }

    /// The reference implementation's first results from the state 1, 2, 3, 4.
    #[test]
    fn generator_is_the_published_one() {
        let mut random = Random { state: [1, 2, 3, 4], spare: None };
        let first: Vec<_> = (0..3).map(|_| random.next()).collect();
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223]);
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let (mean, variance) = draws(200_000, Random::unit);
        assert!((mean - 0.5).abs() < 0.003 && (variance - 1.0 / 12.0).abs() < 0.001);
        let (mean, variance) = draws(200_000, Random::normal);
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.015);
        let (mean, _) = draws(200_000, |random| random.spread(0.5));
        assert!((mean - 1.0).abs() < 0.005);
        let (mean, _) = draws(200_000, |random| random.choose([1.0, 0.0, 3.0].into_iter()) as f64);
        assert!((mean - 1.5).abs() < 0.01);
    }

    #[test]
    fn neighbors_share_nothing() {
        let (mut one, mut other) = (Random::new(1, Stream::Job, 1), Random::new(1, Stream::Job, 2));
        assert_ne!(one.next(), other.next());
        assert_ne!(
            Random::new(1, Stream::Job, 1).next(),
            Random::new(1, Stream::Pipeline, 1).next()
        );
    }
}
