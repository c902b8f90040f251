//! How operations begin: what they refuse, and what they depend on.

use super::*;

impl<F: PrimeField> Engine<F> {
    /// Multiplies elements pairwise: the left vectors, one after the other, with the right ones.
    /// Finishes with [`Finished::Wires`]; one round.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], [`Misuse::BatchClosed`], [`Misuse::Lengths`], [`Misuse::OtherSession`], or
    /// the fault that ended the session.
    pub fn start_multiply(
        &mut self,
        op: u32,
        batch: u32,
        factors: Vec<(Wires<F>, Wires<F>)>,
    ) -> Result<(), Error> {
        self.check_pairs(&factors)?;
        self.start_product(op, batch, Factors::Products(factors))
    }

    /// Inner products of consecutive runs of `width` elements: result k is the sum over l below
    /// `width` of `x[k * width + l] * y[k * width + l]`. Finishes with [`Finished::Wires`]; one
    /// round, and the traffic of one multiplication per result.
    ///
    /// # Errors
    /// As [`Self::start_multiply`]; [`Misuse::Lengths`] also for a length that is not a multiple of
    /// the width.
    pub fn start_dot(
        &mut self,
        op: u32,
        batch: u32,
        x: Wires<F>,
        y: Wires<F>,
        width: usize,
    ) -> Result<(), Error> {
        self.check_lengths(x.len(), y.len(), x.len() == y.len())?;
        // A width of zero divides nothing but the empty vector, and not even that has results then.
        let divides = width > 0 && x.len().is_multiple_of(width);
        self.check_lengths(x.len(), width, divides)?;
        self.start_product(op, batch, Factors::Dots { x, y, width })
    }

    /// The product of two matrices, given and returned by rows. Finishes with [`Finished::Wires`]; one
    /// round, and the traffic of one multiplication per element of the result.
    ///
    /// # Errors
    /// As [`Self::start_multiply`]; [`Misuse::Lengths`] when a matrix does not have its shape, or when
    /// there are results and the inner side is empty.
    pub fn start_matrix_product(
        &mut self,
        op: u32,
        batch: u32,
        x: Wires<F>,
        y: Wires<F>,
        shape: Shape,
    ) -> Result<(), Error> {
        self.check_shape(&x, &y, shape)?;
        self.start_product(op, batch, Factors::Matrices { x, y, shape })
    }

    /// As [`Self::start_multiply`], through kings: two rounds, and 3t/n elements sent for each
    /// product in place of t; in committees of more than nine three rounds and 4t/n elements. For long
    /// vectors.
    ///
    /// # Errors
    /// As [`Self::start_multiply`].
    pub fn start_multiply_by_kings(
        &mut self,
        op: u32,
        batch: u32,
        factors: Vec<(Wires<F>, Wires<F>)>,
    ) -> Result<(), Error> {
        self.check_pairs(&factors)?;
        self.start_king_product(op, batch, Factors::Products(factors))
    }

    /// As [`Self::start_matrix_product`], through kings, as [`Self::start_multiply_by_kings`].
    ///
    /// # Errors
    /// As [`Self::start_matrix_product`].
    pub fn start_matrix_product_by_kings(
        &mut self,
        op: u32,
        batch: u32,
        x: Wires<F>,
        y: Wires<F>,
        shape: Shape,
    ) -> Result<(), Error> {
        self.check_shape(&x, &y, shape)?;
        self.start_king_product(op, batch, Factors::Matrices { x, y, shape })
    }

    /// Fresh polynomials for the same values, as for a product with one: what comes out says nothing
    /// about how the shares came about. Finishes with [`Finished::Wires`]; one round.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], [`Misuse::BatchClosed`], [`Misuse::OtherSession`], or the fault that ended
    /// the session.
    pub fn start_reshare(&mut self, op: u32, batch: u32, x: Wires<F>) -> Result<(), Error> {
        self.start_product(op, batch, Factors::Same(x))
    }

    /// Makes uniform random bits. Finishes with [`Finished::Bits`]; two rounds, in committees of more than
    /// nine three.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], [`Misuse::BatchClosed`], or the fault that ended the session.
    pub fn start_random_bits(&mut self, op: u32, batch: u32, len: usize) -> Result<(), Error> {
        self.open_number_in(op, batch, false)?;
        if !self.semi_honest {
            self.on_one_word.insert(batch);
        }
        self.context.counters.random_bits += len as u64;
        let bits = MakingBits::start(&mut self.context, op, len);
        self.run(op, Operation::Bits { bits, batch })
    }

    /// Permutes rows, given by columns of one length, by a permutation that no t parties know.
    /// Finishes with [`Finished::Wires`]: the columns one after the other. For the rounds see
    /// [`crate::cost::shuffle`]. See [`Self::start_unshuffle`] for the way back.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], [`Misuse::BatchClosed`], [`Misuse::Lengths`], [`Misuse::OtherSession`],
    /// [`Misuse::ShuffleCommittee`] for more than [`MAX_SHUFFLE_PARTIES`] parties, or the fault that
    /// ended the session.
    pub fn start_shuffle(
        &mut self,
        op: u32,
        batch: u32,
        columns: Vec<Wires<F>>,
    ) -> Result<(), Error> {
        self.start_shuffling(op, batch, Way::Forth, columns)
    }

    /// Puts rows back to where the shuffle `of` took them from, or others of their order with them.
    /// As [`Self::start_shuffle`] otherwise.
    ///
    /// # Errors
    /// As [`Self::start_shuffle`]; [`Misuse::NoShuffle`] when there was no shuffle `of` of so many rows.
    pub fn start_unshuffle(
        &mut self,
        op: u32,
        batch: u32,
        of: u32,
        columns: Vec<Wires<F>>,
    ) -> Result<(), Error> {
        self.start_shuffling(op, batch, Way::Back { of }, columns)
    }

    /// Compares elements with zero, in a committee of three. Finishes with [`Finished::Wires`]: three blocks
    /// for each result that `compare` names, in that order. Result k is a bit, the sum modulo 2 of the
    /// bits at place k of its blocks. For the rounds see
    /// [`crate::cost::compare`]; the batch is one of gates, which no other operations
    /// belong to.
    ///
    /// The elements are any of the field, verified or not: what is opened for them is uniform. Of random
    /// bits that they come from holds what [`Self::start_open_masked`] says.
    ///
    /// # Errors
    /// As [`Self::start_multiply`]; [`Misuse::CommitteeSize`] in another committee,
    /// [`Misuse::BatchKind`] when products of elements belong to the batch, [`Misuse::NotVerified`].
    pub fn start_compare(
        &mut self,
        op: u32,
        batch: u32,
        x: &Wires<F>,
        compare: Compare,
    ) -> Result<(), Error> {
        let n = self.context.committee.n();
        if n != 3 {
            return Err(Misuse::CommitteeSize { n }.into());
        }
        self.check_session(x)?;
        self.check_agreed(x.sources(), None)?;
        self.open_number_in(op, batch, true)?;
        let counters = &mut self.context.counters;
        counters.openings += x.len() as u64;
        counters.gates += (compare.all_gates(F::BITS as usize) * x.len()) as u64;
        let mut sources = Sources::batch(self.context.session, batch);
        sources.join(x.sources());
        let comparing = Box::new(Comparing::start(&mut self.context, op, x, compare));
        let operation = Operation::Comparing {
            comparing,
            batch,
            sources,
        };
        self.run(op, operation)
    }

    /// Opens verified values to all parties, who check all shares. Finishes with
    /// [`Finished::Opened`]; one round. The values are public from this call on, also when the
    /// session ends with a fault.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], or the fault that ended the session.
    pub fn start_open(&mut self, op: u32, x: Verified<Wires<F>>) -> Result<(), Error> {
        let x = x.into_inner(self.context.session)?;
        self.open_shares(op, &x, Sources::default())
    }

    /// Opens the sums of values, verified or not, and as many masks, which are used up. As
    /// [`Self::start_open`] otherwise.
    ///
    /// Random bits that the values come from must be verified all the same: a king may have told
    /// parties different roots, and then the shares of a sum show the bits (R4).
    ///
    /// # Errors
    /// [`Misuse::OpReused`], [`Misuse::Lengths`], [`Misuse::NotVerified`], [`Misuse::OtherSession`], or
    /// the fault that ended the session.
    pub fn start_open_masked(
        &mut self,
        op: u32,
        x: &Wires<F>,
        mask: Verified<Mask<F>>,
    ) -> Result<(), Error> {
        let mask = mask.into_inner(self.context.session)?.into_wires();
        self.check_lengths(x.len(), mask.len(), x.len() == mask.len())?;
        self.check_session(x)?;
        self.check_agreed(x.sources(), None)?;
        let sum = x.iter().zip(&*mask).map(|(x, mask)| *x + *mask);
        let sum: Shares<F> = sum.collect();
        self.open_shares(op, &sum, x.sources().clone())
    }

    /// Closes the batch of this number, whose operations have all finished here, and verifies it.
    /// Finishes with [`Finished::Accepted`]; for the rounds see [`crate::cost::verify`].
    ///
    /// Batches whose random bits the operations used must be accepted before: a verification opens
    /// combinations of what was multiplied, under masks that hide sharings only, and where a king
    /// told parties different roots their shares of a bit are none, so that they would show it (R4).
    /// Other batches may be verified in any order.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], [`Misuse::NothingToVerify`], [`Misuse::BatchRunning`],
    /// [`Misuse::NotVerified`], or the fault that ended the session.
    pub fn start_verify(&mut self, op: u32) -> Result<(), Error> {
        self.alive()?;
        match self.batches.get(&op) {
            None => return Err(Misuse::NothingToVerify { op }.into()),
            Some(batch) if batch.running > 0 => return Err(Misuse::BatchRunning { op }.into()),
            Some(batch) => self.check_agreed(&batch.sources, Some(op))?,
        }
        let batch = self.batches.remove(&op).unwrap_or_default();
        self.open_number(op)?;
        self.context.counters.verifications += 1;
        let context = &mut self.context;
        let verifying: Box<dyn Verification<F>> = if batch.of_bits {
            Box::new(Verifying::<F, OverBits>::start(context, op, batch))
        } else {
            Box::new(Verifying::<F, OverElements<F>>::start(context, op, batch))
        };
        self.run(op, Operation::Verifying(verifying))
    }

    fn start_king_product(
        &mut self,
        op: u32,
        batch: u32,
        factors: Factors<F>,
    ) -> Result<(), Error> {
        self.open_product(op, batch, &factors)?;
        if deals_randoms(&self.context.committee) {
            let product = DealingKings::start(&mut self.context, op, &factors);
            let operation = Operation::DealingKings {
                product: Box::new(product),
                batch,
                factors,
            };
            return self.run(op, operation);
        }
        let product = KingProduct::start(&mut self.context, op, &factors);
        let operation = Operation::KingProduct {
            product,
            batch,
            factors,
        };
        self.run(op, operation)
    }

    /// Takes a number for a product, and counts its results.
    fn open_product(&mut self, op: u32, batch: u32, factors: &Factors<F>) -> Result<(), Error> {
        self.alive()?;
        factors
            .wires()
            .try_for_each(|wires| self.check_session(wires))?;
        self.open_number_in(op, batch, false)?;
        let results = factors.results() as u64;
        match factors {
            Factors::Same(_) => self.context.counters.reshares += results,
            _ => self.context.counters.multiplications += results,
        }
        Ok(())
    }

    fn start_product(&mut self, op: u32, batch: u32, factors: Factors<F>) -> Result<(), Error> {
        self.open_product(op, batch, &factors)?;
        let product = Product::start(&mut self.context, op, &factors);
        let operation = Operation::Product {
            product,
            batch,
            factors,
        };
        self.run(op, operation)
    }

    fn start_shuffling(
        &mut self,
        op: u32,
        batch: u32,
        way: Way,
        columns: Vec<Wires<F>>,
    ) -> Result<(), Error> {
        let n = self.context.committee.n();
        if n > MAX_SHUFFLE_PARTIES {
            return Err(Misuse::ShuffleCommittee { n }.into());
        }
        let rows = columns.first().map_or(0, |column| column.len());
        for column in &columns {
            self.check_lengths(rows, column.len(), rows == column.len())?;
            self.check_session(column)?;
        }
        let fits = rows <= MAX_SHUFFLE_LEN / columns.len().max(1);
        self.check_lengths(rows, columns.len(), fits)?;
        match way {
            Way::Back { of } if self.shuffles.get(&of) != Some(&rows) => {
                return Err(Misuse::NoShuffle { of }.into());
            }
            Way::Back { .. } => self.open_number_in(op, batch, false)?,
            Way::Forth => {
                self.open_number_in(op, batch, false)?;
                self.shuffles.insert(op, rows);
            }
        }
        let mut sources = Sources::batch(self.context.session, batch);
        sources.join(&Wires::joined_sources(&columns));
        let shuffling = Shuffling::start(&mut self.context, op, way, columns, sources);
        self.run(op, Operation::Shuffling { shuffling, batch })
    }

    fn open_shares(&mut self, op: u32, shares: &[F], sources: Sources) -> Result<(), Error> {
        self.open_number(op)?;
        self.context.counters.openings += shares.len() as u64;
        let opening = FullOpening::start(&mut self.context, op, shares);
        self.run(op, Operation::Opening { opening, sources })
    }
}
